import { useDeferredValue, useState } from "react";
import { useSearchParams } from "wouter";
import { Badge } from "../components/badge";
import { SelectField } from "../components/controls";
import { Field } from "../components/field";
import { type Column, ListTable } from "../components/list-table";
import { Page } from "../components/page";
import { Time } from "../components/time";
import { useShell } from "../context";
import type { LoggedEvent } from "../directory/holdings";
import { useEventActions, useEvents } from "../directory/queries";
import { seesEveryone } from "../permissions";
import { OnlySome } from "./only-some";

const COLUMNS: Column<LoggedEvent>[] = [
  {
    id: "created",
    header: "When",
    sort: (event) => Date.parse(event.created),
    cell: (event) => <Time at={event.created} />,
  },
  {
    id: "action",
    header: "Action",
    sort: (event) => event.action,
    cell: (event) => (
      <span className="stack">
        <span>{inWords(event.action)}</span>
        <code className="small muted">{event.context.action}</code>
      </span>
    ),
  },
  {
    id: "outcome",
    header: "Outcome",
    sort: (event) => event.context.outcome,
    cell: ({ context: { outcome } }) => <Badge tone={outcome === "ok" ? "ok" : "warn"}>{outcome}</Badge>,
  },
  {
    id: "actor",
    header: "Actor",
    sort: (event) => event.user.username,
    cell: (event) => (
      <span className="stack">
        <span className="name">{event.user.username || <span className="muted">nobody</span>}</span>
        <span className="small muted">{event.client_ip}</span>
      </span>
    ),
  },
  {
    id: "target",
    header: "What",
    cell: (event) => (
      <span className="stack">
        <span className="name">{targetOf(event)}</span>
        <code className="small muted name">{event.context.request_id}</code>
      </span>
    ),
  },
];

export function EventsPage() {
  const { me } = useShell();
  if (!seesEveryone(me)) return <OnlySome title="Logs" />;
  return <Events />;
}

function Events() {
  const [params, setParams] = useSearchParams();
  const action = params.get("action") ?? "";
  const [actor, setActor] = useState(params.get("actor") ?? "");
  const events = useEvents(action, useDeferredValue(actor.trim()));
  const actions = useEventActions();
  const set = (name: string, value: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const options = [
    { value: "", label: "All" },
    ...(actions.data ?? []).map((one) => ({ value: one.component, label: one.name })),
  ];
  return (
    <Page title="Logs">
      <div className="field-row log-filters">
        <SelectField
          label="Action"
          options={options}
          value={action}
          onChange={(event) => set("action", event.target.value)}
        />
        <Field
          label="Actor"
          placeholder="The whole user name"
          value={actor}
          onChange={(event) => {
            setActor(event.target.value);
            set("actor", event.target.value.trim());
          }}
        />
      </div>
      <ListTable
        noun="event"
        query={events}
        columns={COLUMNS}
        rowKey={(event) => event.pk}
        searchText={(event) => `${event.user.username} ${event.client_ip} ${JSON.stringify(event.context)}`}
        filterHint="Filter by anything"
        initialSort="-created"
        empty={
          <div className="empty">
            <p>Nothing like this has happened.</p>
          </div>
        }
      />
    </Page>
  );
}

function inWords(action: string): string {
  const words = action.replaceAll("_", " ").trim();
  return words === "custom" ? "other" : words;
}

function targetOf({ context }: LoggedEvent): string {
  const { model, target } = context;
  if (typeof model === "object" && model !== null && "name" in model && typeof model.name === "string") {
    return model.name;
  }
  return target ?? "";
}
