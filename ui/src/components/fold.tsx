import { type ReactNode, useState } from "react";

interface Props {
  title: string;
  /** The fields inside. What has to be mended is in sight, and can take the focus. */
  names: readonly string[];
  errors: Readonly<Record<string, string>>;
  children: ReactNode;
}

/** A part of a form that most people never open. */
export function Fold({ title, names, errors, children }: Props) {
  const [open, setOpen] = useState(false);
  const wrong = names.some((name) => errors[name]);
  return (
    <details className="fold" open={open || wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      <div className="fold-body fold-wide">{children}</div>
    </details>
  );
}
