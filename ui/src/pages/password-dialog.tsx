import type { ReactNode } from "react";
import { Field } from "../components/field";
import { FormDialog } from "../components/form-dialog";

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
export function PasswordDialog<T>({ run, children, ...dialog }: Props<T>) {
  return (
    <FormDialog
      {...dialog}
      known={["password"]}
      narrow
      run={(data) => run(String(data.get("password") ?? ""))}
    >
      {(errors) => (
        <>
          {children}
          <Field
            label="Your password"
            type="password"
            name="password"
            autoComplete="current-password"
            data-autofocus
            required
            error={errors.password}
          />
        </>
      )}
    </FormDialog>
  );
}
