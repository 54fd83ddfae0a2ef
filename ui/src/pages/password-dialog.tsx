import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useRef, useState } from "react";
import { formErrors } from "../api-error";
import { Dialog } from "../components/dialog";
import { Field, useFocusInvalid } from "../components/field";
import { Problem } from "../components/problem";

interface Props<T> {
  title: string;
  act: string;
  run: (password: string) => Promise<T>;
  onDone: (result: T) => void;
  onClose: () => void;
  children?: ReactNode;
  destroys?: boolean;
}

/** Something that a thief of this browser's session would do first: it asks for the password once more. */
export function PasswordDialog<T>({
  title,
  act,
  run,
  onDone,
  onClose,
  children,
  destroys = false,
}: Props<T>) {
  const form = useRef<HTMLFormElement>(null);
  const [password, setPassword] = useState("");
  const mutation = useMutation({ mutationFn: () => run(password), onSuccess: onDone });
  const errors = formErrors(mutation.error, ["password"]);
  useFocusInvalid(form, mutation.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutation.mutate();
  };
  return (
    <Dialog title={title} onClose={onClose} narrow>
      <form ref={form} onSubmit={submit}>
        <div className="dialog-body">
          {children}
          {errors.whole && <Problem error={errors.whole} />}
          <Field
            label="Your password"
            type="password"
            name="password"
            autoComplete="current-password"
            data-autofocus
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            error={errors.fields.password}
          />
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className={destroys ? "button button-bad" : "button button-primary"}
            disabled={mutation.isPending}
          >
            {act}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
