import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef } from "react";
import { formErrors, refused } from "../api-error";
import { Badge } from "../components/badge";
import { SelectField } from "../components/controls";
import { Field, useFocusInvalid } from "../components/field";
import { Loading } from "../components/loading";
import { chosenPerson, PersonSelect } from "../components/person-select";
import { Problem, Warning } from "../components/problem";
import { type Application, applications, type ScopeMappingFields } from "../directory/applications";
import { useEvery } from "../directory/queries";
import { type Previewed, type PreviewedMapping, preview, reasonInWords } from "../preview";

interface Props {
  draft: ScopeMappingFields;
  uuid: string | null;
}

const KNOWN = ["user", "application", "scopes"];

/** Runs the mapping as it stands in the form, saved or not, and shows all that somebody would get with it. */
export function MappingTest({ draft, uuid }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const every = useEvery<Application>(applications, { ordering: "name" });
  const run = useMutation({
    mutationFn: async (data: FormData) => {
      const user = chosenPerson(data);
      const application = String(data.get("application") ?? "");
      if (!application) throw refused("application", "Choose an application that has a provider.");
      const scopes = String(data.get("scopes") ?? "")
        .split(/\s+/)
        .filter(Boolean);
      return preview({
        user,
        application,
        scopes: scopes.length > 0 ? scopes : null,
        draft: {
          expression: draft.expression,
          name: draft.name.trim() || "Draft",
          scope_name: draft.scope_name.trim() || "draft",
          required: draft.required,
          ...(uuid ? { uuid } : {}),
        },
      });
    },
  });
  const errors = formErrors(run.error, KNOWN);
  useFocusInvalid(form, run.error);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    run.mutate(new FormData(event.currentTarget));
  };
  const known = (every.data ?? []).filter((one) => one.provider !== null);
  return (
    <section className="panel" aria-labelledby="test-title">
      <header className="panel-head">
        <h2 id="test-title">Test</h2>
      </header>
      <form ref={form} className="form" noValidate onSubmit={submit}>
        {every.isPending && <Loading what="the applications" rows={1} />}
        <div className="field-row">
          <PersonSelect error={errors.fields.user} />
          <SelectField
            label="Application"
            name="application"
            options={known.map((one) => ({ value: one.slug, label: one.name }))}
            error={errors.fields.application}
          />
          <Field
            label="Scopes"
            name="scopes"
            optional
            placeholder="openid profile email"
            note="Without any, every scope is asked for."
            error={errors.fields.scopes}
          />
        </div>
        {errors.whole && <Problem error={errors.whole} />}
        <div className="form-foot">
          <button type="submit" className="button" disabled={run.isPending}>
            Test
          </button>
        </div>
      </form>
      {run.data && <Result result={run.data} />}
    </section>
  );
}

function Result({ result }: { result: Previewed }) {
  const own = result.mappings.find((one) => one.draft);
  return (
    <div className="form" role="status">
      {result.refusal && (
        <Warning>
          <p>
            This sign-in would be refused: <code>{result.refusal}</code>
          </p>
        </Warning>
      )}
      {own && <Own of={own} />}
      {result.missing.length > 0 && (
        <div>
          <h3>Missing claims</h3>
          <ul className="rows" aria-label="Missing claims">
            {result.missing.map((one) => (
              <li key={`${one.claim}-${one.mapping}`} className="row row-flush">
                <span className="stack">
                  <code>{one.claim}</code>
                  <span className="small muted">
                    {one.mapping}: {reasonInWords(one)}
                  </span>
                </span>
                <Badge>{one.scope}</Badge>
              </li>
            ))}
          </ul>
        </div>
      )}
      <Claims title="ID token" claims={result.id_token} />
      <Claims title="Userinfo" claims={result.userinfo} />
      <Claims title="Access token" claims={result.access_token} />
    </div>
  );
}

function Own({ of }: { of: PreviewedMapping }) {
  return (
    <div>
      <h3>
        Result <span className="small muted">{of.took_ms} ms</span>
      </h3>
      {!of.requested && <p className="muted">It did not run: its scope was not asked for.</p>}
      {of.problems.map((problem) => (
        <p key={`${problem.line}-${problem.cause}`} className="field-error">
          {problem.line !== null && `Line ${problem.line}: `}
          {problem.cause}
        </p>
      ))}
      {of.result !== null && <Json of={of.result} label="Result" />}
      {of.log.length > 0 && (
        <>
          <h3>Printed</h3>
          <div className="code">
            <pre>{of.log.join("\n")}</pre>
          </div>
        </>
      )}
    </div>
  );
}

function Claims({ title, claims }: { title: string; claims: Record<string, unknown> | null }) {
  if (claims === null) return null;
  return (
    <details className="fold">
      <summary>{title}</summary>
      <Json of={claims} label={title} />
    </details>
  );
}

function Json({ of, label }: { of: Record<string, unknown>; label: string }) {
  return (
    <section className="code" aria-label={label}>
      <pre>{JSON.stringify(of, null, 2)}</pre>
    </section>
  );
}
