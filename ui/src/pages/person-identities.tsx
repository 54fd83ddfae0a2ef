import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api";
import type { Identity } from "../api-types";
import { Confirm } from "../components/confirm";
import { RowsPanel } from "../components/rows-panel";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import type { Person } from "../directory/people";
import { personName } from "../format/person";
import { isAdmin } from "../permissions";
import { useRefresh } from "../queries";

const EMBEDDED = "embedded";

/** The accounts that somebody signs in with. Nothing links one but a first sign-in and an invitation. */
export function PersonIdentities({ person }: { person: Person }) {
  const { me } = useShell();
  const [unlinking, setUnlinking] = useState<Identity | null>(null);
  const found = useQuery({
    queryKey: ["identities", person.user_id],
    queryFn: ({ signal }) => api.identitiesOf(person.user_id, signal),
  });
  const unlink = (identity: Identity) =>
    identity.source !== EMBEDDED && (
      <button
        type="button"
        className="button button-quiet"
        aria-label={`Unlink ${identity.subject}`}
        onClick={() => setUnlinking(identity)}
      >
        Unlink
      </button>
    );
  return (
    <RowsPanel
      title="Signs in with"
      rows={{ ...found, data: found.data?.items }}
      rowKey={(identity) => identity.id}
      row={(identity) => (
        <span className="stack">
          <strong>{identity.source === EMBEDDED ? "This gateway's own provider" : identity.source}</strong>
          <span className="small muted">
            <code>{identity.subject}</code>, linked <Time at={identity.linked_at} />, last used{" "}
            <Time at={identity.last_used_at} />
          </span>
        </span>
      )}
      acts={isAdmin(me) ? unlink : undefined}
      empty={<p>Nothing yet: an invitation link binds this user to the first account that opens it.</p>}
    >
      {unlinking && <Unlink person={person} identity={unlinking} onClose={() => setUnlinking(null)} />}
    </RowsPanel>
  );
}

function Unlink(props: { person: Person; identity: Identity; onClose: () => void }) {
  const { person, identity, onClose } = props;
  const refresh = useRefresh();
  const toast = useToast();
  return (
    <Confirm
      title={`Unlink ${identity.subject} from ${personName(person)}?`}
      act="Unlink"
      onClose={onClose}
      onConfirm={async () => {
        await api.unlinkIdentity(person.user_id, identity.id);
        toast(`Unlinked ${identity.subject} from ${personName(person)}`);
        refresh("identities", "sessions");
      }}
    >
      <p>
        Sessions and command lines of this user end. Whoever signs in with that account next is somebody new
        here, unless they open an invitation link.
      </p>
    </Confirm>
  );
}
