import { useState } from "react";
import { api } from "../api";
import type { Model } from "../api-types";
import { Badge } from "../components/badge";
import { Confirm } from "../components/confirm";
import { Icon } from "../components/icons";
import { type Column, ListTable } from "../components/list-table";
import { Page } from "../components/page";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useDialogParam } from "../dialog-param";
import { exactMoney, money } from "../format/money";
import { isAdmin, seesEveryone } from "../permissions";
import { useModels, useRefresh } from "../queries";
import { AddModelDialog } from "./add-model";

const SOURCES = { config: "configuration", database: "dashboard", built_in: "built in" } as const;

export function ModelsPage() {
  const { me } = useShell();
  const models = useModels();
  const refresh = useRefresh();
  const toast = useToast();
  const [adding, open] = useDialogParam("model");
  const [removing, setRemoving] = useState<Model | null>(null);
  const admin = isAdmin(me);
  const columns: Column<Model>[] = [
    {
      id: "name",
      header: "Model",
      sort: (model) => model.name,
      cell: (model) => (
        <span className="name">
          <strong>{model.name}</strong>{" "}
          {model.demonstration && (
            <Badge tone="accent" title="Answers without a provider, to try the gateway with">
              demonstration
            </Badge>
          )}
        </span>
      ),
    },
    { id: "provider", header: "Provider", sort: (model) => model.provider, cell: (model) => model.provider },
    ...(seesEveryone(me) ? [upstream] : []),
    {
      id: "source",
      header: "Source",
      sort: (model) => SOURCES[model.source],
      cell: (model) => <span className="muted">{SOURCES[model.source] ?? model.source}</span>,
    },
    {
      id: "price",
      header: "Price for a million tokens",
      sort: (model) =>
        model.price?.input_per_million == null ? null : Number(model.price.input_per_million),
      cell: (model) => <Price of={model} />,
    },
    ...(admin ? [actions(setRemoving)] : []),
  ];
  const remove = async (model: Model) => {
    await api.removeModel(model.id);
    toast(`Removed ${model.name}`);
    refresh("models", "overview");
  };
  return (
    <Page
      title="Models"
      action={
        admin && (
          <button
            type="button"
            className="button button-primary"
            data-shortcut="new"
            aria-keyshortcuts="n"
            onClick={() => open(true)}
          >
            <Icon name="plus" />
            Add model
          </button>
        )
      }
    >
      <ListTable
        noun="model"
        query={models}
        columns={columns}
        rowKey={(model) => model.id}
        searchText={(model) => [model.name, model.provider, model.upstream_model, model.api_base].join(" ")}
        filterHint="Filter by name or provider"
        initialSort="name"
        empty={
          <div className="empty">
            <p>
              {admin
                ? "A model is a name that keys may call, and the provider behind it."
                : "There is no model that you may use yet. Ask an administrator for one."}
            </p>
            {admin && (
              <button type="button" className="button" onClick={() => open(true)}>
                <Icon name="plus" />
                Add a model
              </button>
            )}
          </div>
        }
      />
      {admin && adding && <AddModelDialog onClose={() => open(false)} />}
      {removing && (
        <Confirm
          title={`Remove ${removing.name}?`}
          act="Remove model"
          onConfirm={() => remove(removing)}
          onClose={() => setRemoving(null)}
        >
          <p>
            Requests for <code>{removing.name}</code> are answered with “model not found” from now on, unless
            another model has the same name. The provider's key is deleted with it. Spend so far stays
            counted.
          </p>
        </Confirm>
      )}
    </Page>
  );
}

const upstream: Column<Model> = {
  id: "upstream",
  header: "Upstream",
  sort: (model) => model.upstream_model,
  cell: (model) => (
    <span className="stack">
      {model.upstream_model ? <code>{model.upstream_model}</code> : <span className="muted">none</span>}
      {model.api_base && <span className="small muted">{model.api_base}</span>}
    </span>
  ),
};

function actions(onRemove: (model: Model) => void): Column<Model> {
  return {
    id: "acts",
    header: "Actions",
    bare: true,
    cell: (model) =>
      model.source === "database" && (
        <button
          type="button"
          className="button button-quiet"
          aria-label={`Remove ${model.name}`}
          onClick={() => onRemove(model)}
        >
          Remove
        </button>
      ),
  };
}

function Price({ of: { price } }: { of: Model }) {
  if (!price) return <span className="muted">no price set</span>;
  const { input_per_million: input, output_per_million: output } = price;
  return (
    <span className="price">
      <span title={exactMoney(input)}>{money(input)}</span> <span className="muted">in, </span>
      <span title={exactMoney(output)}>{money(output)}</span> <span className="muted">out</span>
    </span>
  );
}
