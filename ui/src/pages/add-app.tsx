import { useState } from "react";
import { api } from "../api";
import type { NewApp } from "../api-types";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { Secret } from "../components/shown-once";
import { PasswordDialog } from "./password-dialog";

interface Props {
  onAdded: (codes: readonly string[]) => void;
  onClose: () => void;
}

export function AddAppDialog({ onAdded, onClose }: Props) {
  const [begun, setBegun] = useState<NewApp | null>(null);
  if (begun) return <Scan begun={begun} onAdded={onAdded} onClose={onClose} />;
  return (
    <PasswordDialog
      title="Add an authenticator app"
      act="Continue"
      run={(password) => api.beginApp(password)}
      onDone={setBegun}
      onClose={onClose}
    >
      <p>An app on your phone shows a new code every thirty seconds.</p>
    </PasswordDialog>
  );
}

function Scan({ begun, onAdded, onClose }: Props & { begun: NewApp }) {
  return (
    <FormDialog
      title="Scan this with the app"
      act="Add the app"
      known={["code"]}
      narrow
      run={(data) => api.confirmApp(begun.id, textOf(data, "code"))}
      onDone={(answer) => onAdded(answer.recovery_codes)}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <img className="qr" src={begun.image} alt="QR code of the secret below" width={205} height={205} />
          <Secret label="Or type this secret" secret={begun.secret} copy="Copy secret" />
          <Field
            label="Code that the app shows"
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={10}
            data-autofocus
            required
            error={errors.code}
          />
        </>
      )}
    </FormDialog>
  );
}
