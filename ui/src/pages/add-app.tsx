import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { api } from "../api";
import { formErrors } from "../api-error";
import type { NewApp } from "../api-types";
import { CopyButton } from "../components/copy";
import { Dialog } from "../components/dialog";
import { Field, useFocusInvalid } from "../components/field";
import { Problem } from "../components/problem";
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
  const form = useRef<HTMLFormElement>(null);
  const [code, setCode] = useState("");
  const mutation = useMutation({
    mutationFn: () => api.confirmApp(begun.id, code),
    onSuccess: (answer) => onAdded(answer.recovery_codes),
  });
  const errors = formErrors(mutation.error, ["code"]);
  useFocusInvalid(form, mutation.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutation.mutate();
  };
  return (
    <Dialog title="Scan this with the app" onClose={onClose} narrow>
      <form ref={form} onSubmit={submit}>
        <div className="dialog-body">
          <img className="qr" src={begun.image} alt="QR code of the secret below" width={205} height={205} />
          <div className="field">
            <p className="label" id="app-secret">
              Or type this secret
            </p>
            <div className="secret">
              <output aria-labelledby="app-secret">{begun.secret}</output>
              <CopyButton text={begun.secret} label="Copy secret" />
            </div>
          </div>
          {errors.whole && <Problem error={errors.whole} />}
          <Field
            label="Code that the app shows"
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={10}
            data-autofocus
            required
            value={code}
            onChange={(event) => setCode(event.target.value)}
            error={errors.fields.code}
          />
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-primary" disabled={mutation.isPending}>
            Add the app
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
