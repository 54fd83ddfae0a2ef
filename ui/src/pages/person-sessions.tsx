import { Badge } from "../components/badge";
import { ConfirmButton } from "../components/confirm-button";
import { RowsPanel } from "../components/rows-panel";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { type HeldSession, heldSessions } from "../directory/holdings";
import type { Person } from "../directory/people";
import { useEvery } from "../directory/queries";
import { deviceName, SESSION_KINDS } from "../format/device";
import { personName } from "../format/person";
import { isAdmin } from "../permissions";
import { useRefresh } from "../queries";

/** Where somebody else is signed in. */
export function PersonSessions({ person }: { person: Person }) {
  const { me } = useShell();
  const refresh = useRefresh();
  const toast = useToast();
  const found = useEvery<HeldSession>(heldSessions, { user: String(person.pk) });
  const end = (session: HeldSession) =>
    !session.current && (
      <ConfirmButton
        label="End"
        of={`session of ${deviceName(session.last_user_agent)}`}
        title={`End this session of ${personName(person)}?`}
        act="End session"
        run={async () => {
          await heldSessions.end(session.uuid);
          toast(`Ended a session of ${personName(person)}`);
          refresh("sessions");
        }}
      >
        <p>They sign in again there, and what applications got from it ends.</p>
      </ConfirmButton>
    );
  return (
    <RowsPanel
      title="Sessions"
      rows={found}
      rowKey={(session) => session.uuid}
      row={(session) => (
        <span className="stack">
          <span className="name">
            <strong>{deviceName(session.last_user_agent)}</strong>{" "}
            <Badge>{SESSION_KINDS[session.kind]}</Badge>{" "}
            {session.current && <Badge tone="ok">this one</Badge>}
          </span>
          <span className="small muted">
            {session.last_ip || "Unknown address"}, last used <Time at={session.last_used} />, ends{" "}
            <Time at={session.expires} />
          </span>
        </span>
      )}
      acts={isAdmin(me) ? end : undefined}
      empty={<p>They are signed in nowhere.</p>}
    />
  );
}
