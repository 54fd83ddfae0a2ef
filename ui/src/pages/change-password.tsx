import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { api } from "../api";
import { formErrors } from "../api-error";
import { Dialog } from "../components/dialog";
import { Field, useFocusInvalid } from "../components/field";
import { Problem } from "../components/problem";
import { expectSignOut, leave, signInUrl } from "../session";

export function ChangePasswordDialog({ onClose }: { onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const mutation = useMutation({
    mutationFn: () => {
      // The old password's sessions are over with it, this one too.
      expectSignOut(true);
      return api.changePassword(current, fresh);
    },
    onSuccess: () => leave(signInUrl()),
    onError: () => expectSignOut(false),
  });
  const errors = formErrors(mutation.error, ["current_password", "new_password"]);
  useFocusInvalid(form, mutation.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutation.mutate();
  };
  return (
    <Dialog title="Change password" onClose={onClose} narrow>
      <form ref={form} onSubmit={submit}>
        <div className="dialog-body">
          <p>You are signed out everywhere, here too, and sign in again with the new password.</p>
          {errors.whole && <Problem error={errors.whole} />}
          <Field
            label="Current password"
            type="password"
            name="current_password"
            autoComplete="current-password"
            data-autofocus
            required
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
            error={errors.fields.current_password}
          />
          <Field
            label="New password"
            type="password"
            name="new_password"
            autoComplete="new-password"
            hint="A sentence is easier to keep than a puzzle."
            required
            value={fresh}
            onChange={(event) => setFresh(event.target.value)}
            error={errors.fields.new_password}
          />
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-primary" disabled={mutation.isPending}>
            Change password
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
