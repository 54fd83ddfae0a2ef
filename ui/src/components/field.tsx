import { type InputHTMLAttributes, type ReactNode, type RefObject, useEffect, useId } from "react";

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, "id"> {
  "data-autofocus"?: boolean;
  label: string;
  hint?: ReactNode;
  /** Said below the input, and aloud when it changes. */
  note?: string | undefined;
  error?: string | undefined;
  optional?: boolean;
}

export function Field({ label, hint, note, error, optional = false, ...input }: Props) {
  const id = useId();
  const described = [hint && `${id}-hint`, note && `${id}-note`, error && `${id}-error`]
    .filter(Boolean)
    .join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional && <span className="optional"> optional</span>}
      </label>
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <input
        autoComplete="off"
        spellCheck={false}
        {...input}
        id={id}
        className="input"
        aria-describedby={described || undefined}
        aria-invalid={error ? true : undefined}
      />
      {note !== undefined && (
        <p className="hint" id={`${id}-note`} aria-live="polite">
          {note}
        </p>
      )}
      <FieldError id={`${id}-error`} error={error} />
    </div>
  );
}

export function FieldError({ id, error }: { id: string; error: string | undefined }) {
  if (!error) return null;
  return (
    <p className="field-error" id={id}>
      {error}
    </p>
  );
}

/** Puts the focus where the first thing to mend is, each time that `problem` changes. */
export function useFocusInvalid(form: RefObject<HTMLFormElement | null>, problem: unknown): void {
  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [form, problem]);
}
