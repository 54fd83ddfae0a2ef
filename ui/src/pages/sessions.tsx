import { useDeferredValue, useState } from "react";
import { useSearchParams } from "wouter";
import { api } from "../api";
import type { Session } from "../api-types";
import { ConfirmButton } from "../components/confirm-button";
import { SelectField } from "../components/controls";
import { Field } from "../components/field";
import { type Column, ListTable } from "../components/list-table";
import { Page } from "../components/page";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { deviceName, SESSION_KINDS } from "../format/device";
import { isAdmin, seesEveryone } from "../permissions";
import { useEverySession, useRefresh } from "../queries";
import { OnlySome } from "./only-some";
import { SESSION_COLUMNS, sessionWords } from "./session-columns";

const KINDS = [
  { value: "", label: "All" },
  ...Object.entries(SESSION_KINDS).map(([value, label]) => ({ value, label })),
];

export function SessionsPage() {
  const { me } = useShell();
  return seesEveryone(me) ? <Sessions /> : <OnlySome title="Sessions" />;
}

function Sessions() {
  const { me } = useShell();
  const [params, setParams] = useSearchParams();
  const kind = params.get("kind") ?? "";
  const [words, setWords] = useState(params.get("search") ?? "");
  const search = useDeferredValue(words.trim());
  const sessions = useEverySession({ ...(kind ? { kind } : {}), ...(search ? { search } : {}) });
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
  const person: Column<Session> = {
    id: "person",
    header: "Person",
    sort: (session) => session.owner.username,
    cell: (session) => <span className="name">{session.owner.email ?? session.owner.username}</span>,
  };
  const acts: Column<Session> = {
    id: "acts",
    header: "Actions",
    bare: true,
    cell: (session) => !session.current && <EndSession session={session} />,
  };
  return (
    <Page title="Sessions">
      <div className="field-row log-filters">
        <SelectField
          label="Kind"
          options={KINDS}
          value={kind}
          onChange={(event) => set("kind", event.target.value)}
        />
        <Field
          label="Person"
          type="search"
          placeholder="Part of a name or an address"
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
            set("search", event.target.value.trim());
          }}
        />
      </div>
      <ListTable
        noun="session"
        query={sessions}
        columns={[person, ...SESSION_COLUMNS, ...(isAdmin(me) ? [acts] : [])]}
        rowKey={(session) => session.id}
        searchText={sessionWords}
        filterHint="Filter by device or address"
        initialSort="-used"
        empty={
          <div className="empty">
            <p>Nobody is signed in like this.</p>
          </div>
        }
      />
    </Page>
  );
}

/** Ends the session of somebody else, after a question. */
export function EndSession({ session }: { session: Session }) {
  const refresh = useRefresh();
  const toast = useToast();
  const name = session.owner.email ?? session.owner.username;
  return (
    <ConfirmButton
      label="End"
      of={`session of ${deviceName(session.user_agent)}`}
      title={`End this session of ${name}?`}
      act="End session"
      run={async () => {
        await api.endSessionOf(session.id);
        toast(`Ended a session of ${name}`);
        refresh("sessions");
      }}
    >
      <p>They sign in again there, and what applications got from it ends.</p>
    </ConfirmButton>
  );
}
