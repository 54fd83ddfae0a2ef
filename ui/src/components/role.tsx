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
