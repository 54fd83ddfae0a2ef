import { Chips } from "../components/badge";
import { ConfirmButton } from "../components/confirm-button";
import { RowsPanel } from "../components/rows-panel";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { type Consent, consents } from "../directory/holdings";
import { useEvery } from "../directory/queries";
import { isAdmin } from "../permissions";
import { useRefresh } from "../queries";

/** The applications that a person has said yes to, and how to take that back. */
export function Consents({ of, own = false }: { of: { pk: number }; own?: boolean }) {
  const { me } = useShell();
  const refresh = useRefresh();
  const toast = useToast();
  const found = useEvery<Consent>(consents, { user: String(of.pk) });
  const revoke = ({ pk, application }: Consent) => (
    <ConfirmButton
      label="Revoke"
      of={`consent to ${application.name}`}
      title={`Revoke the consent to ${application.name}?`}
      act="Revoke"
      run={async () => {
        await consents.revoke(pk);
        toast(`Revoked the consent to ${application.name}`);
        refresh("consents");
      }}
    >
      <p>Its tokens end at once, and it asks again at the next sign-in.</p>
    </ConfirmButton>
  );
  return (
    <RowsPanel
      title={own ? "Applications that I agreed to" : "Consents"}
      rows={found}
      rowKey={(consent) => consent.pk}
      row={(consent) => (
        <span className="stack">
          <span className="name">
            <strong>{consent.application.name}</strong>{" "}
            <Chips names={consent.permissions.split(" ")} empty="no scopes" shown={6} />
          </span>
          <span className="small muted">
            Ends <Time at={consent.expires} />
          </span>
        </span>
      )}
      acts={own || isAdmin(me) ? revoke : undefined}
      empty={
        <p>
          {own
            ? "None. An application that asks before it learns something about you is listed here."
            : "None: no application has asked them for something."}
        </p>
      }
    />
  );
}
