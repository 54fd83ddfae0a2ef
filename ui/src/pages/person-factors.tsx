import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api";
import { Confirm } from "../components/confirm";
import { FactorLine } from "../components/factor-line";
import { RowsPanel } from "../components/rows-panel";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import type { Person } from "../directory/people";
import { plural } from "../format/number";
import { personName } from "../format/person";
import { isAdmin } from "../permissions";
import { useRefresh } from "../queries";

/** The second factors of somebody else, and taking them away from whoever lost them. */
export function PersonFactors({ person }: { person: Person }) {
  const { me } = useShell();
  const refresh = useRefresh();
  const toast = useToast();
  const [resetting, setResetting] = useState(false);
  const found = useQuery({
    queryKey: ["factors", person.user_id],
    queryFn: ({ signal }) => api.factorsOf(person.user_id, signal),
  });
  const left = found.data?.recovery_codes_left ?? 0;
  const some = left > 0 || (found.data?.factors ?? []).length > 0;
  const reset = isAdmin(me) && some && (
    <button type="button" className="button" onClick={() => setResetting(true)}>
      Reset factors
    </button>
  );
  return (
    <RowsPanel
      title="Second factors"
      rows={{ ...found, data: found.data?.factors }}
      rowKey={(factor) => factor.id}
      row={(factor) => <FactorLine factor={factor} />}
      empty={<p>{left > 0 ? "Recovery codes alone." : "None: the password alone signs them in."}</p>}
      tools={reset}
    >
      {left > 0 && <p className="panel-note">{plural(left, "recovery code")} left.</p>}
      {resetting && (
        <Confirm
          title={`Reset the factors of ${personName(person)}?`}
          act="Reset factors"
          onClose={() => setResetting(false)}
          onConfirm={async () => {
            await api.resetFactors(person.user_id);
            toast(`Reset the factors of ${personName(person)}`);
            refresh("factors", "security");
          }}
        >
          <p>
            Apps, passkeys and recovery codes stop working, and the password alone signs them in until they
            set up another. Be sure that it is they who ask.
          </p>
        </Confirm>
      )}
    </RowsPanel>
  );
}
