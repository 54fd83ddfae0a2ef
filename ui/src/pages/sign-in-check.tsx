import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { formErrors, refused } from "../api-error";
import { Badge, Chips } from "../components/badge";
import { AreaField } from "../components/controls";
import { Fact } from "../components/fact";
import { useFocusInvalid } from "../components/field";
import { textOf } from "../components/form-dialog";
import { Icon, type IconName } from "../components/icons";
import { None } from "../components/none";
import { Panel } from "../components/panel";
import { Problem, Warning } from "../components/problem";
import { useShell } from "../context";
import {
  type Check,
  type Explanation,
  type Outcome,
  type SignInProvider,
  signInProviders,
} from "../directory/sign-in";
import { jsonObject } from "../format/json-object";
import { ROLES } from "../format/role";
import { isAdmin } from "../permissions";
import { at } from "../root";

const OUTCOMES: Readonly<
  Record<Outcome, { word: string; icon: IconName; tone: "ok" | "warn" | "bad" | "quiet" }>
> = {
  ok: { word: "good", icon: "check", tone: "ok" },
  warning: { word: "take a look", icon: "warning", tone: "warn" },
  problem: { word: "problem", icon: "failed", tone: "bad" },
  skipped: { word: "not looked at", icon: "skip", tone: "quiet" },
};

/** Asks the provider what can be asked without anybody signing in, and leads to a sign-in that is a test. */
export function CheckPanel({ provider }: { provider: SignInProvider }) {
  const { me } = useShell();
  const check = useMutation({ mutationFn: () => signInProviders.check(provider.id) });
  if (!isAdmin(me)) return null;
  return (
    <Panel
      title="Check"
      tools={
        <span className="panel-tools">
          <button type="button" className="button" disabled={check.isPending} onClick={() => check.mutate()}>
            {check.isPending ? "Checking…" : "Check"}
          </button>
          <a
            className="button"
            href={at(`/sso/test?provider=${encodeURIComponent(provider.id)}`)}
            target="_blank"
            rel="noreferrer"
          >
            Test sign-in<span className="hidden"> (opens a new tab)</span>
          </a>
        </span>
      }
    >
      <p className="panel-note">
        A check looks at addresses, certificates, keys, redirect URI and client secret. A test sign-in shows
        what the provider says of you. Neither signs anybody in.
      </p>
      {check.isError && <Problem error={check.error} onRetry={() => check.mutate()} />}
      <div role="status">
        {check.data && (
          <>
            <p className="panel-note">
              <strong>
                {check.data.is_good ? "Nothing stands in the way of a sign-in." : "A sign-in would fail."}
              </strong>
            </p>
            <ul className="rows" aria-label="Checks">
              {check.data.checks.map((one) => (
                <CheckRow key={one.id} of={one} />
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}

function CheckRow({ of }: { of: Check }) {
  const { word, icon, tone } = OUTCOMES[of.outcome];
  return (
    <li className="row row-top">
      <span className="stack">
        <strong>{of.title}</strong>
        <span className="small">{of.found}</span>
        {of.fix && (
          <span className="small">
            <strong>What to do:</strong> {of.fix}
          </span>
        )}
      </span>
      <Badge tone={tone}>
        <span className="badge-mark">
          <Icon name={icon} />
          {word}
        </span>
      </Badge>
    </li>
  );
}

/** What a sign-in with pasted claims would come to. The provider is not asked. */
export function ExplainPanel({ provider }: { provider: SignInProvider }) {
  const form = useRef<HTMLFormElement>(null);
  const run = useMutation({
    mutationFn: async (data: FormData) => {
      if (!textOf(data, "claims")) throw refused("claims", "Paste the claims of somebody.");
      return signInProviders.explain(provider.id, jsonObject(textOf(data, "claims"), "claims"));
    },
  });
  const errors = formErrors(run.error, ["claims"]);
  useFocusInvalid(form, run.error);
  return (
    <Panel title="Explain claims">
      <form
        ref={form}
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          run.mutate(new FormData(event.currentTarget));
        }}
      >
        <AreaField
          label="Claims"
          name="claims"
          rows={6}
          hint="JSON, as the provider sends it in the ID token or at userinfo. The provider is not asked and nothing is kept."
          placeholder='{"sub": "1", "preferred_username": "ada", "groups": ["admins"]}'
          error={errors.fields.claims}
        />
        {errors.whole && <Problem error={errors.whole} />}
        <div className="form-foot">
          <button type="submit" className="button" disabled={run.isPending}>
            Explain
          </button>
        </div>
      </form>
      <div role="status">{run.data && <Explained of={run.data} />}</div>
    </Panel>
  );
}

function Explained({ of }: { of: Explanation }) {
  return (
    <div className="form">
      {of.refusal !== null && (
        <Warning>
          <p>
            This sign-in would be refused: {of.refusal} <code>{of.refusal_code}</code>
          </p>
        </Warning>
      )}
      {of.warning && (
        <Warning>
          <p>{of.warning}</p>
        </Warning>
      )}
      <dl className="facts facts-flush">
        <Fact name="Role">
          {ROLES.find((one) => one.role === of.role)?.label ?? of.role} <code>{of.role}</code>
        </Fact>
        <Fact name="User ID">{of.user_id ?? <None words="none of their own" />}</Fact>
        <Fact name="E-mail">{of.email ?? <None />}</Fact>
        <Fact name="Name">{of.display_name ?? <None />}</Fact>
        <Fact name="Teams">
          {of.teams === null ? (
            <None words="left alone" />
          ) : (
            <Chips names={of.teams} empty="none" shown={of.teams.length} />
          )}
        </Fact>
      </dl>
      <div>
        <h3>What was looked at</h3>
        <ol className="explained" aria-label="Steps">
          {of.steps.map((step) => (
            <li key={`${step.rule} ${step.text}`}>
              {step.decides ? <strong>{step.text}</strong> : step.text}{" "}
              {step.decides && <Badge tone="accent">decides the role</Badge>}
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}
