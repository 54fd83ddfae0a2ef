import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "../api";
import { asApiError, formErrors } from "../api-error";
import type { NewModel } from "../api-types";
import { Dialog } from "../components/dialog";
import { Field, useFocusInvalid } from "../components/field";
import { Parameters } from "../components/parameters";
import { Problem } from "../components/problem";
import { useToast } from "../components/toast";
import { type Row, type RowErrors, readRows, rowAt, suggested } from "../parameters";
import { type Needs, needsOf } from "../providers";
import { useRefresh } from "../queries";

const FIELDS = [
  "name",
  "upstream_model",
  "api_base",
  "api_key",
  "input_price_per_million",
  "output_price_per_million",
] as const;
const NO_ROWS: readonly Row[] = [];

interface Attempt {
  model: NewModel;
  rows: readonly Row[];
}

export function AddModelDialog({ onClose }: { onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const refresh = useRefresh();
  const toast = useToast();
  const [needs, setNeeds] = useState<Needs | null>(null);
  const [rows, setRows] = useState<readonly Row[]>(NO_ROWS);
  const [unfit, setUnfit] = useState<RowErrors | null>(null);
  const [open, setOpen] = useState(false);
  const mutation = useMutation({
    mutationFn: ({ model }: Attempt) => api.addModel(model),
    onError: (error, { rows }) => setOpen((was) => was || fieldsOfRows(error, rows).length > 0),
    onSuccess: (model) => {
      toast(`Added ${model.name}`);
      refresh("models", "overview");
      onClose();
    },
  });
  const sent = mutation.variables?.rows ?? [];
  const named = fieldsOfRows(mutation.error, sent);
  const errors = formErrors(unfit ? null : mutation.error, [...FIELDS, ...named]);
  const rowErrors = unfit ?? byRow(errors.fields, sent);
  useFocusInvalid(form, unfit ?? mutation.error);
  const choose = (upstreamModel: string) => {
    const found = needsOf(upstreamModel);
    if (found === needs) return;
    setNeeds(found);
    setRows(suggested(rows, found?.params ?? []));
    if (found?.params.length) setOpen(true);
  };
  const submit = (data: FormData) => {
    const { params, errors } = readRows(rows);
    const wrong = Object.keys(errors).length > 0;
    setUnfit(wrong ? errors : null);
    if (wrong) setOpen(true);
    else mutation.mutate({ model: { ...read(data), params }, rows });
  };
  return (
    <Dialog title="Add model" onClose={onClose}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit(new FormData(event.currentTarget));
        }}
      >
        <div className="dialog-body">
          {errors.whole && <Problem error={errors.whole} />}
          <Field
            label="Name"
            name="name"
            hint="What apps ask for."
            placeholder="gpt-5-mini"
            data-autofocus
            required
            error={errors.fields.name}
          />
          <Field
            label="Upstream model"
            name="upstream_model"
            hint="The provider, then the provider's own name for the model."
            note={needs?.text ?? ""}
            placeholder="openai/gpt-5-mini"
            onChange={(event) => choose(event.target.value)}
            required
            error={errors.fields.upstream_model}
          />
          <Field
            label="API base"
            name="api_base"
            hint="May stay empty for providers with an address of their own."
            placeholder="https://llm.example.com/v1"
            inputMode="url"
            optional
            error={errors.fields.api_base}
          />
          <Field
            label="API key"
            name="api_key"
            hint="Kept encrypted, and never shown again."
            type="password"
            autoComplete="new-password"
            optional
            error={errors.fields.api_key}
          />
          <Parameters rows={rows} errors={rowErrors} open={open} onOpen={setOpen} onChange={setRows} />
          <div className="field-row">
            <Field
              label="Input price"
              name="input_price_per_million"
              hint="USD for a million tokens."
              placeholder="0.25"
              inputMode="decimal"
              optional
              error={errors.fields.input_price_per_million}
            />
            <Field
              label="Output price"
              name="output_price_per_million"
              hint="USD for a million tokens."
              placeholder="2"
              inputMode="decimal"
              optional
              error={errors.fields.output_price_per_million}
            />
          </div>
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-primary" disabled={mutation.isPending}>
            Add model
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** The fields of a refusal that speak of these rows. */
function fieldsOfRows(error: unknown, rows: readonly Row[]): string[] {
  return error ? Object.keys(asApiError(error).fields).filter((field) => rowAt(field, rows)) : [];
}

function byRow(fields: Readonly<Record<string, string>>, rows: readonly Row[]): RowErrors {
  const found: Record<number, string> = {};
  for (const [field, text] of Object.entries(fields)) {
    const row = rowAt(field, rows);
    if (row) found[row.id] ??= text;
  }
  return found;
}

function read(data: FormData): NewModel {
  const text = (name: (typeof FIELDS)[number]) => String(data.get(name) ?? "").trim();
  const input = text("input_price_per_million");
  const output = text("output_price_per_million");
  return {
    name: text("name"),
    upstream_model: text("upstream_model"),
    api_base: text("api_base") || null,
    api_key: text("api_key") || null,
    ...(input ? { input_price_per_million: input } : {}),
    ...(output ? { output_price_per_million: output } : {}),
  };
}
