import { type ReactNode, useState } from "react";
import { Confirm } from "./confirm";

interface Props {
  label: string;
  /** What the button is about, for whoever hears it without its row. */
  of: string;
  title: string;
  act: string;
  run: () => Promise<unknown>;
  children: ReactNode;
}

/** A quiet button of a row that asks before it destroys. */
export function ConfirmButton({ label, of, title, act, run, children }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        className="button button-quiet"
        aria-label={`${label} ${of}`}
        onClick={() => setAsking(true)}
      >
        {label}
      </button>
      {asking && (
        <Confirm title={title} act={act} onConfirm={run} onClose={() => setAsking(false)}>
          {children}
        </Confirm>
      )}
    </>
  );
}
