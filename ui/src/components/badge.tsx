import type { ReactNode } from "react";

type Tone = "ok" | "warn" | "bad" | "quiet" | "accent";

export function Badge({
  tone = "quiet",
  title,
  children,
}: {
  tone?: Tone;
  title?: string;
  children: ReactNode;
}) {
  return (
    <span className={`badge badge-${tone}`} title={title}>
      {children}
    </span>
  );
}

/** The first few names, then how many more; all of them in the title. */
export function Chips({
  names,
  empty,
  shown = 2,
}: {
  names: readonly string[];
  empty: string;
  shown?: number;
}) {
  if (names.length === 0) return <span className="muted">{empty}</span>;
  const rest = names.slice(shown);
  return (
    <span className="chips">
      {names.slice(0, shown).map((name) => (
        <span key={name} className="chip">
          {name}
        </span>
      ))}
      {rest.length > 0 && (
        <span className="chip" title={rest.join(", ")}>
          +{rest.length}
          <span className="hidden"> more: {rest.join(", ")}</span>
        </span>
      )}
    </span>
  );
}
