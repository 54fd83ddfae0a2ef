import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useLocation, useParams } from "wouter";
import { formErrors } from "../api-error";
import { Chips } from "../components/badge";
import { CodeField } from "../components/code-field";
import { CheckField } from "../components/controls";
import { Fact } from "../components/fact";
import { Field, useFocusInvalid } from "../components/field";
import { None } from "../components/none";
import { ObjectPage } from "../components/object-page";
import { Page } from "../components/page";
import { Panel } from "../components/panel";
import { Problem, Warning } from "../components/problem";
import { useShell } from "../context";
import { type ScopeMapping, type ScopeMappingFields, scopeMappings } from "../directory/applications";
import { useMappingUse } from "../directory/queries";
import { isAdmin } from "../permissions";
import { inspectExpression } from "../preview";
import { useDone } from "../queries";
import { MappingTest } from "./mapping-test";
import { OnlySome } from "./only-some";

const EMPTY: ScopeMappingFields = {
  name: "",
  scope_name: "",
  expression: "",
  description: "",
  required: false,
};
const KNOWN = Object.keys(EMPTY);

export function NewMappingPage() {
  const { me } = useShell();
  if (!isAdmin(me)) return <OnlySome title="Create Scope Mapping" />;
  return (
    <Page title="Create Scope Mapping" up={{ href: scopeMappings.page, label: scopeMappings.title }}>
      <Editor mapping={null} />
    </Page>
  );
}

export function MappingPage() {
  const { me } = useShell();
  const { id = "" } = useParams();
  return (
    <ObjectPage
      kind={scopeMappings}
      id={id}
      removal={{ words: (mapping) => <Consequence mapping={mapping} /> }}
    >
      {(mapping) => (isAdmin(me) ? <Editor key={id} mapping={mapping} /> : <Facts mapping={mapping} />)}
    </ObjectPage>
  );
}

function Editor({ mapping }: { mapping: ScopeMapping | null }) {
  const [draft, setDraft] = useState<ScopeMappingFields>(mapping ?? EMPTY);
  return (
    <>
      <MappingForm mapping={mapping} draft={draft} onChange={setDraft} />
      <MappingTest draft={draft} uuid={mapping?.pk ?? null} />
    </>
  );
}

/** All of it, for whoever may look and not change. */
function Facts({ mapping }: { mapping: ScopeMapping }) {
  const use = useMappingUse(mapping.pk);
  const names = (use.data ?? []).map((one) => one.name);
  return (
    <>
      <Panel title="Scope Mapping">
        <dl className="facts">
          <Fact name="Scope name">
            <code>{mapping.scope_name}</code>
          </Fact>
          <Fact name="Description">{mapping.description || <None />}</Fact>
          <Fact name="Required">
            {mapping.required
              ? "yes: a sign-in where it fails is refused"
              : "no: where it fails the claim is missing"}
          </Fact>
          <Fact name="Providers">
            <Chips names={names} empty="none" shown={names.length} />
          </Fact>
          {mapping.managed && <Fact name="Comes with Gatewright">{mapping.managed}</Fact>}
        </dl>
      </Panel>
      <Panel title="Expression">
        <div className="panel-body">
          <div className="code">
            <pre>{mapping.expression}</pre>
          </div>
        </div>
      </Panel>
    </>
  );
}

interface FormProps {
  mapping: ScopeMapping | null;
  draft: ScopeMappingFields;
  onChange: (draft: ScopeMappingFields) => void;
}

function MappingForm({ mapping, draft, onChange }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [, go] = useLocation();
  const done = useDone(scopeMappings);
  const set = (change: Partial<ScopeMappingFields>) => onChange({ ...draft, ...change });
  const inspected = useMutation({ mutationFn: inspectExpression });
  const save = useMutation({
    mutationFn: () => {
      const { name, scope_name, expression, description, required } = draft;
      const fields = { name: name.trim(), scope_name: scope_name.trim(), expression, description, required };
      return mapping ? scopeMappings.change(mapping.pk, fields) : scopeMappings.create(fields);
    },
    onSuccess: (saved) => {
      done(`${mapping ? "Saved" : "Created"} ${saved.name}`);
      inspected.mutate(saved.expression);
      if (!mapping) go("/property-mappings");
    },
    onError: () => {
      if (draft.expression) inspected.mutate(draft.expression);
    },
  });
  const errors = formErrors(save.error, KNOWN);
  useFocusInvalid(form, save.error);
  const mended = inspected.data?.mended ?? null;
  const warnings = (inspected.data?.findings ?? []).filter((finding) => finding.level === "warning");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <section className="panel" aria-label="Scope Mapping">
      <form ref={form} className="form" noValidate onSubmit={submit}>
        {errors.whole && <Problem error={errors.whole} />}
        <div className="field-row">
          <Field
            label="Name"
            required
            value={draft.name}
            onChange={(event) => set({ name: event.target.value })}
            error={errors.fields.name}
          />
          <Field
            label="Scope name"
            required
            placeholder="litellm_role"
            value={draft.scope_name}
            onChange={(event) => set({ scope_name: event.target.value })}
            error={errors.fields.scope_name}
          />
        </div>
        <CodeField
          label="Expression"
          hint="Python that returns a dictionary of claims."
          value={draft.expression}
          onChange={(expression) => set({ expression })}
          error={errors.fields.expression}
        />
        {mended !== null && mended !== draft.expression && (
          <Warning>
            <p>The text has lost its indentation on the way. This would parse:</p>
            <pre className="mended">{mended}</pre>
            <button
              type="button"
              className="button"
              onClick={() => {
                set({ expression: mended });
                save.reset();
                inspected.reset();
              }}
            >
              Use the mended text
            </button>
          </Warning>
        )}
        {warnings.map((finding) => (
          <Warning key={`${finding.line}-${finding.message}`}>
            <p>
              {finding.line !== null && `Line ${finding.line}: `}
              {finding.message}
            </p>
          </Warning>
        ))}
        <Field
          label="Description"
          hint="What people read when they are asked for consent. Without it they are not told."
          optional
          value={draft.description}
          onChange={(event) => set({ description: event.target.value })}
          error={errors.fields.description}
        />
        <CheckField
          label="Required"
          hint="When it fails, the sign-in is refused. Else the claim is missing, and an event says why."
          checked={draft.required}
          onChange={(required) => set({ required })}
        />
        <div className="form-foot">
          <button type="submit" className="button button-primary" disabled={save.isPending}>
            {mapping ? "Save" : "Create"}
          </button>
        </div>
      </form>
    </section>
  );
}

function Consequence({ mapping }: { mapping: ScopeMapping }) {
  const use = useMappingUse(mapping.pk);
  const names = (use.data ?? []).map((one) => one.name);
  return (
    <p>
      {names.length === 0
        ? "No provider has it among its scopes."
        : `It goes from the scopes of ${names.join(", ")}. The claims are missing from then on.`}
    </p>
  );
}
