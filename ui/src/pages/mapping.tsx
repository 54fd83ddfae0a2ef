import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useLocation, useParams } from "wouter";
import { formErrors } from "../api-error";
import { type ScopeMapping, type ScopeMappingFields, scopeMappings } from "../authentik";
import { CodeField } from "../components/code-field";
import { Confirm } from "../components/confirm";
import { CheckField } from "../components/controls";
import { Field, useFocusInvalid } from "../components/field";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { Problem, Warning } from "../components/problem";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useMappingUse, useScopeMapping } from "../directory-queries";
import { isAdmin, seesEveryone } from "../permissions";
import { inspectExpression } from "../preview";
import { useRefresh } from "../queries";
import { MappingTest } from "./mapping-test";
import { OnlySome } from "./only-some";

const UP = { href: "/property-mappings", label: "Property Mappings" };
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
  if (!isAdmin(me)) return <OnlySome title="Create Scope Mapping" what="property mappings" />;
  return <Editor title="Create Scope Mapping" mapping={null} />;
}

export function MappingPage() {
  const { me } = useShell();
  const { pk } = useParams();
  const mapping = useScopeMapping(pk ?? "");
  if (!seesEveryone(me)) return <OnlySome title="Scope Mapping" what="property mappings" />;
  if (mapping.data) return <Editor key={pk} title={mapping.data.name} mapping={mapping.data} />;
  return (
    <Page title="Scope Mapping" up={UP}>
      {mapping.isPending ? (
        <section className="panel">
          <Loading what="the mapping" rows={6} />
        </section>
      ) : (
        <Problem error={mapping.error} onRetry={() => mapping.refetch()} />
      )}
    </Page>
  );
}

function Editor({ title, mapping }: { title: string; mapping: ScopeMapping | null }) {
  const { me } = useShell();
  const [draft, setDraft] = useState<ScopeMappingFields>(mapping ?? EMPTY);
  const [deleting, setDeleting] = useState(false);
  const admin = isAdmin(me);
  return (
    <Page
      title={title}
      up={UP}
      action={
        admin &&
        mapping && (
          <button type="button" className="button button-bad" onClick={() => setDeleting(true)}>
            Delete
          </button>
        )
      }
    >
      {admin ? (
        <>
          <MappingForm mapping={mapping} draft={draft} onChange={setDraft} />
          <MappingTest draft={draft} uuid={mapping?.pk ?? null} />
        </>
      ) : (
        <section className="panel">
          <div className="code">
            <pre>{draft.expression}</pre>
          </div>
        </section>
      )}
      {deleting && mapping && <DeleteDialog mapping={mapping} onClose={() => setDeleting(false)} />}
    </Page>
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
  const refresh = useRefresh();
  const toast = useToast();
  const set = (change: Partial<ScopeMappingFields>) => onChange({ ...draft, ...change });
  const inspected = useMutation({ mutationFn: inspectExpression });
  const save = useMutation({
    mutationFn: () => {
      const { name, scope_name, expression, description, required } = draft;
      const fields = { name: name.trim(), scope_name: scope_name.trim(), expression, description, required };
      return mapping ? scopeMappings.change(mapping.pk, fields) : scopeMappings.create(fields);
    },
    onSuccess: (saved) => {
      toast(mapping ? `Saved ${saved.name}` : `Created ${saved.name}`);
      inspected.mutate(saved.expression);
      refresh("mappings");
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

function DeleteDialog({ mapping, onClose }: { mapping: ScopeMapping; onClose: () => void }) {
  const [, go] = useLocation();
  const refresh = useRefresh();
  const toast = useToast();
  const use = useMappingUse(mapping.pk);
  const names = (use.data ?? []).map((one) => one.name);
  return (
    <Confirm
      title={`Delete ${mapping.name}?`}
      act="Delete mapping"
      onClose={onClose}
      onConfirm={async () => {
        await scopeMappings.remove(mapping.pk);
        toast(`Deleted ${mapping.name}`);
        go("/property-mappings");
        refresh("mappings", "providers");
      }}
    >
      <p>
        {names.length === 0
          ? "No provider has it among its scopes."
          : `It goes from the scopes of ${names.join(", ")}. The claims are missing from then on.`}
      </p>
    </Confirm>
  );
}
