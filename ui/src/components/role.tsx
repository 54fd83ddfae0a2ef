import type { RoleReason } from "../api-types";
import { roleReasonInWords } from "../format/role";
import { Badge } from "./badge";
import { Icon } from "./icons";

interface Holder {
  role: string;
  role_label: string;
  role_reason: RoleReason;
  role_locked: boolean;
}

export function RoleName({ of }: { of: Holder }) {
  return (
    <span className="stack">
      <span className="role-name">
        {of.role_label} {of.role_locked && <Badge>locked</Badge>}
      </span>
      <code className="small muted">{of.role}</code>
    </span>
  );
}

export function RoleWhy({ of }: { of: Holder }) {
  const { warning } = of.role_reason;
  return (
    <span className="stack">
      <span className="why">{roleReasonInWords(of.role_reason, of.role_locked)}</span>
      {warning && (
        <span className="inline-warning">
          <Icon name="warning" />
          <span>
            <span className="hidden">Warning: </span>
            {warning}
          </span>
        </span>
      )}
    </span>
  );
}

/** What the last sign-in looked at, in its order: role, access, teams. */
export function SignInSteps({ of }: { of: Holder }) {
  const steps = of.role_reason.steps ?? [];
  if (steps.length === 0) return null;
  return (
    <details className="numbers sign-in-steps">
      <summary>What the last sign-in looked at</summary>
      <ol className="small">
        {steps.map((step) => (
          <li key={`${step.rule} ${step.text}`}>
            {step.text} {step.decides && <Badge>decides the role</Badge>}
          </li>
        ))}
      </ol>
    </details>
  );
}
