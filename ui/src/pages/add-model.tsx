import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { api } from "../api";
import { formErrors } from "../api-error";
import type { NewModel } from "../api-types";
import { Dialog } from "../components/dialog";
import { Field, useFocusInvalid } from "../components/field";
import { Problem } from "../components/problem";
import { useToast } from "../components/toast";
import { useRefresh } from "../queries";

const FIELDS = [
  "name",
  "upstream_model",
  "api_base",
  "api_key",
  "input_price_per_million",
  "output_price_per_million",
] as const;

export function AddModelDialog({ onClose }: { onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const refresh = useRefresh();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: api.addModel,
    onSuccess: (model) => {
      toast(`Added ${model.name}`);
      refresh("models", "overview");
      onClose();
    },
  });
  const errors = formErrors(mutation.error, FIELDS);
  useFocusInvalid(form, mutation.error);
  return (
    <Dialog title="Add model" onClose={onClose}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          mutation.mutate(read(new FormData(event.currentTarget)));
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
            placeholder="openai/gpt-5-mini"
            required
            error={errors.fields.upstream_model}
          />
          <Field
            label="API base"
            name="api_base"
            hint="For a server of your own. Left empty, it is the provider's usual address."
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
