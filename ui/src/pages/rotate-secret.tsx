import { useState } from "react";
import { SelectField } from "../components/controls";
import { FormDialog, textOf } from "../components/form-dialog";
import { ShownOnce } from "../components/shown-once";
import { type Provider, providers, type RotatedSecret } from "../directory/applications";
import { exactTime } from "../format/time";
import { useDone } from "../queries";

const OVERLAPS = [
  { value: "1h", label: "1 hour" },
  { value: "24h", label: "1 day" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "", label: "Not at all: it has leaked" },
];

/** A new client secret, beside which the old one counts for a while. */
export function RotateSecretDialog({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const done = useDone(providers);
  const [made, setMade] = useState<RotatedSecret | null>(null);
  if (made) {
    const until = made.previous_secret_expires_at;
    return (
      <ShownOnce
        title="Copy the client secret now"
        label="Client Secret"
        secret={made.client_secret}
        onClose={onClose}
      >
        <p>
          Give it to <strong>{provider.assigned_application_name || provider.name}</strong>.{" "}
          {until === null
            ? "The one before counts no more."
            : `The one before counts until ${exactTime(until)}.`}{" "}
          Nobody can show it again.
        </p>
      </ShownOnce>
    );
  }
  return (
    <FormDialog
      title={`New secret for ${provider.name}`}
      act="Make a new secret"
      known={["overlap"]}
      narrow
      run={(data) => providers.rotateSecret(provider.pk, textOf(data, "overlap"))}
      onDone={(rotated) => {
        done(`Made a new secret for ${provider.name}`);
        setMade(rotated);
      }}
      onClose={onClose}
    >
      {(errors) => (
        <SelectField
          name="overlap"
          label="The secret of now goes on for"
          hint="Long enough to put the new one in its place."
          options={OVERLAPS}
          defaultValue="24h"
          data-autofocus
          error={errors.overlap}
        />
      )}
    </FormDialog>
  );
}
