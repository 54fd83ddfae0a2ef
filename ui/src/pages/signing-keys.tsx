import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api";
import type { SigningKey } from "../api-types";
import { Badge } from "../components/badge";
import { CheckField, SelectField } from "../components/controls";
import { FormDialog, textOf } from "../components/form-dialog";
import { CreateButton } from "../components/list-page";
import { Page } from "../components/page";
import { RowsPanel } from "../components/rows-panel";
import { Time, useNow } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { keyState } from "../format/signing-key";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh } from "../queries";
import { OnlySome } from "./only-some";

const TITLE = "Signing keys";
const ALGORITHMS = [
  { value: "RS256", label: "RS256, which every client knows" },
  { value: "ES256", label: "ES256" },
  { value: "EdDSA", label: "EdDSA" },
];

/** The keys that tokens are signed with, and their rotation. */
export function SigningKeysPage() {
  const { me } = useShell();
  if (!seesEveryone(me)) return <OnlySome title={TITLE} />;
  return <Keys />;
}

function Keys() {
  const { me } = useShell();
  const now = useNow();
  const [rotating, setRotating] = useState(false);
  const found = useQuery({ queryKey: ["signing-keys"], queryFn: ({ signal }) => api.signingKeys(signal) });
  return (
    <Page
      title={TITLE}
      action={isAdmin(me) && <CreateButton label="Rotate" onClick={() => setRotating(true)} />}
    >
      <RowsPanel
        title="Published keys"
        rows={found}
        rowKey={(key) => key.kid}
        row={(key) => <KeyLine of={key} now={now} />}
        empty={<p>There is no key yet. The first sign-in of an application makes one.</p>}
      />
      {rotating && <RotateDialog onClose={() => setRotating(false)} />}
    </Page>
  );
}

function KeyLine({ of, now }: { of: SigningKey; now: number }) {
  const state = keyState(of, now);
  return (
    <span className="stack">
      <span className="name">
        <strong>{of.algorithm}</strong> <code>{of.kid}</code>{" "}
        {state === "signs" && <Badge tone="ok">signs</Badge>}
        {state === "waits" && <Badge tone="accent">next</Badge>}
        {state === "retired" && <Badge>retired</Badge>}
      </span>
      <span className="small muted">
        {state === "waits" && (
          <>
            Signs <Time at={of.active_from} />: clients have to learn of it first
          </>
        )}
        {state === "signs" && (
          <>
            Since <Time at={of.active_from} />
            {of.retired_at && (
              <>
                , until <Time at={of.retired_at} />
              </>
            )}
          </>
        )}
        {state === "retired" && (
          <>
            Published until <Time at={of.expires_at} />, so that what it signed still counts
          </>
        )}
      </span>
    </span>
  );
}

function RotateDialog({ onClose }: { onClose: () => void }) {
  const refresh = useRefresh();
  const toast = useToast();
  return (
    <FormDialog
      title="Rotate the signing key"
      act="Rotate"
      known={["algorithm"]}
      run={(data) => api.rotateKeys({ algorithm: textOf(data, "algorithm"), at_once: data.has("at_once") })}
      onDone={() => {
        toast("Made a new signing key");
        refresh("signing-keys");
        onClose();
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <p>
            A new key is published at once and signs as soon as clients had time to fetch it. The one before
            stays published until the last token that it signed is over.
          </p>
          <SelectField
            name="algorithm"
            label="Algorithm"
            options={ALGORITHMS}
            data-autofocus
            error={errors.algorithm}
          />
          <CheckField
            name="at_once"
            label="Withdraw the old keys at once"
            hint="For a key that has leaked: what it signed counts no more, and people sign in again."
          />
        </>
      )}
    </FormDialog>
  );
}
