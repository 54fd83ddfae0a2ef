import { type ReactNode, useId } from "react";

/** What an input needs to be found by its label, its hint, its note and its error. */
export interface Described {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

export interface LabelledProps {
  label: string;
  hint?: ReactNode;
  /** Said below the input, and aloud when it changes. */
  note?: string | undefined;
  error?: string | undefined;
  optional?: boolean | undefined;
}

interface Props extends LabelledProps {
  children: (described: Described) => ReactNode;
}

/** An input with its label above it, and below it what is wrong with it. */
export function Labelled({ label, hint, note, error, optional, children }: Props) {
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
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": error ? true : undefined,
      })}
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
