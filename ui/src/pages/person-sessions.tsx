import { useState } from "react";
import { api } from "../api";
import { Badge } from "../components/badge";
import { Confirm } from "../components/confirm";
import { RowsPanel } from "../components/rows-panel";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import type { Person } from "../directory/people";
import { deviceName, SESSION_KINDS } from "../format/device";
import { personName } from "../format/person";
import { isAdmin } from "../permissions";
import { useEverySession, useRefresh } from "../queries";
import { EndSession } from "./sessions";

/** Where somebody else is signed in. */
export function PersonSessions({ person }: { person: Person }) {
  const { me } = useShell();
  const found = useEverySession({ user_id: person.user_id });
  const mayEnd = isAdmin(me);
  return (
    <RowsPanel
      title="Sessions"
      rows={found}
      rowKey={(session) => session.id}
      row={(session) => (
        <span className="stack">
          <span className="name">
            <strong>{deviceName(session.user_agent)}</strong> <Badge>{SESSION_KINDS[session.kind]}</Badge>{" "}
            {session.current && <Badge tone="ok">this one</Badge>}
          </span>
          <span className="small muted">
            {session.clients.length > 0 && <>{session.clients.join(", ")}; </>}
            {session.address || "Unknown address"}, last used <Time at={session.last_used_at} />, ends{" "}
            <Time at={session.expires_at} />
          </span>
        </span>
      )}
      acts={mayEnd ? (session) => !session.current && <EndSession session={session} /> : undefined}
      empty={<p>They are signed in nowhere.</p>}
      tools={mayEnd && found.data && found.data.length > 0 && <EndAll person={person} />}
    />
  );
}

function EndAll({ person }: { person: Person }) {
  const [asking, setAsking] = useState(false);
  const refresh = useRefresh();
  const toast = useToast();
  const { me } = useShell();
  return (
    <>
      <button type="button" className="button button-bad" onClick={() => setAsking(true)}>
        End all
      </button>
      {asking && (
        <Confirm
          title={`End all sessions of ${personName(person)}?`}
          act="End all sessions"
          onConfirm={async () => {
            await api.endSessionsOf(person.user_id);
            toast(`Ended all sessions of ${personName(person)}`);
            refresh("sessions");
          }}
          onClose={() => setAsking(false)}
        >
          <p>
            They sign in again everywhere: browsers, command lines, devices and applications. Virtual keys go
            on.
          </p>
          {person.user_id === me.user_id && <p>This is you: the session that you use now ends too.</p>}
        </Confirm>
      )}
    </>
  );
}
