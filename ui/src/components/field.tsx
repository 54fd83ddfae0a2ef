import { type InputHTMLAttributes, type RefObject, useEffect } from "react";
import { Labelled, type LabelledProps } from "./labelled";

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, "id">, LabelledProps {
  "data-autofocus"?: boolean;
}

export function Field({ label, hint, note, error, optional, ...input }: Props) {
  return (
    <Labelled label={label} hint={hint} note={note} error={error} optional={optional}>
      {(described) => (
        <input autoComplete="off" spellCheck={false} {...input} {...described} className="input" />
      )}
    </Labelled>
  );
}

/** Puts the focus where the first thing to mend is, each time that `problem` changes. */
export function useFocusInvalid(form: RefObject<HTMLFormElement | null>, problem: unknown): void {
  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [form, problem]);
}
