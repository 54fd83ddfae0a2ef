import { type ReactNode, useEffect, useId, useRef } from "react";
import { CopyButton } from "./copy";
import { Dialog } from "./dialog";

interface Props {
  title: string;
  label: string;
  secret: string;
  onClose: () => void;
  children: ReactNode;
}

/** A secret at the only time that it is seen. */
export function ShownOnce({ title, label, secret, onClose, children }: Props) {
  const words = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The form that had the focus is gone.
    words.current?.focus();
  }, []);
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="dialog-body">
        <div ref={words} tabIndex={-1} className="words">
          {children}
        </div>
        <Secret label={label} secret={secret} copy={`Copy the ${label.toLowerCase()}`} />
      </div>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={onClose}>
          Done
        </button>
      </footer>
    </Dialog>
  );
}

/** A secret to be copied. */
export function Secret({ label, secret, copy }: { label: string; secret: string; copy: string }) {
  const id = useId();
  return (
    <div className="field">
      <p className="label" id={id}>
        {label}
      </p>
      <div className="secret">
        <output aria-labelledby={id}>{secret}</output>
        <CopyButton text={secret} label={copy} />
      </div>
    </div>
  );
}
