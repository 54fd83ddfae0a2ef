import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useRef, useState } from "react";
import { api } from "../api";
import { formErrors } from "../api-error";
import type { CreatedKey } from "../api-types";
import { Dialog } from "../components/dialog";
import { Field, useFocusInvalid } from "../components/field";
import { FieldError } from "../components/labelled";
import { Loading } from "../components/loading";
import { Problem } from "../components/problem";
import { Segmented } from "../components/segmented";
import { useModels, useRefresh } from "../queries";
import { CreatedKeyView } from "./created-key";

const EXPIRIES = [
  { value: "never", label: "Never" },
  { value: "1d", label: "1 day" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
] as const;

type Expiry = (typeof EXPIRIES)[number]["value"];

export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const refresh = useRefresh();
  const [created, setCreated] = useState<CreatedKey | null>(null);
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const close = () => {
    if (created && !copied) setAsking(true);
    else onClose();
  };
  return (
    <Dialog title={created ? "Copy the key now" : "New key"} onClose={close}>
      {created ? (
        <CreatedKeyView
          created={created}
          asking={asking}
          onCopied={() => {
            setCopied(true);
            setAsking(false);
          }}
          onDone={close}
          onStay={() => setAsking(false)}
          onLeave={onClose}
        />
      ) : (
        <NewKeyForm
          onCancel={onClose}
          onCreated={(key) => {
            setCreated(key);
            refresh("keys");
          }}
        />
      )}
    </Dialog>
  );
}

function NewKeyForm({ onCancel, onCreated }: { onCancel: () => void; onCreated: (key: CreatedKey) => void }) {
  const form = useRef<HTMLFormElement>(null);
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [expiry, setExpiry] = useState<Expiry>("30d");
  const [refused, setRefused] = useState(0);
  const mutation = useMutation({
    mutationFn: () =>
      api.createKey({
        name: name.trim(),
        models: [...chosen],
        expires_in: expiry === "never" ? null : expiry,
      }),
    onSuccess: onCreated,
  });
  const errors = formErrors(mutation.error, ["name", "models", "expires_in"]);
  const nameless = refused > 0 && name.trim() === "";
  useFocusInvalid(form, refused);
  useFocusInvalid(form, mutation.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") setRefused((times) => times + 1);
    else mutation.mutate();
  };
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <div className="dialog-body">
        {errors.whole && <Problem error={errors.whole} />}
        <Field
          label="Name"
          hint="What will use it, so that you know it again in a year."
          placeholder="support-bot"
          maxLength={200}
          data-autofocus
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={nameless ? "Give the key a name." : errors.fields.name}
        />
        <ModelChoice chosen={chosen} onChange={setChosen} error={errors.fields.models} />
        <Segmented
          field
          legend="Expires after"
          options={EXPIRIES}
          value={expiry}
          onChange={setExpiry}
          error={errors.fields.expires_in}
        />
      </div>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button button-primary" disabled={mutation.isPending}>
          Create key
        </button>
      </footer>
    </form>
  );
}

interface ChoiceProps {
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
  error: string | undefined;
}

const FILTER_FROM = 9;

function ModelChoice({ chosen, onChange, error }: ChoiceProps) {
  const models = useModels();
  const id = useId();
  const [filter, setFilter] = useState("");
  const names = [...new Set((models.data ?? []).map((model) => model.name))].toSorted();
  const shown = names.filter((name) => name.toLowerCase().includes(filter.trim().toLowerCase()));
  const toggle = (name: string) =>
    onChange(chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]);
  return (
    <fieldset className="field fieldset" aria-describedby={`${id}-hint${error ? ` ${id}-error` : ""}`}>
      <legend className="label">
        Models<span className="optional"> optional</span>
      </legend>
      <p className="hint" id={`${id}-hint`} aria-live="polite">
        {chosen.length === 0
          ? "With none chosen, the key may use every model that you may use."
          : `The key may use ${chosen.toSorted().join(", ")}.`}
      </p>
      {models.isPending && <Loading what="the models" rows={2} />}
      {models.isError && !models.data && <Problem error={models.error} onRetry={() => models.refetch()} />}
      {names.length >= FILTER_FROM && (
        <input
          className="input"
          type="search"
          aria-label="Filter the models"
          placeholder="Filter the models"
          autoComplete="off"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      )}
      {names.length > 0 && (
        <div className="choices">
          {shown.map((name) => (
            <label key={name} className="check">
              <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />
              <span>{name}</span>
            </label>
          ))}
          {shown.length === 0 && <p className="muted small">No model has this name.</p>}
        </div>
      )}
      {models.data && names.length === 0 && (
        <p className="muted small">There is no model that you may use yet.</p>
      )}
      <FieldError id={`${id}-error`} error={error} />
    </fieldset>
  );
}
