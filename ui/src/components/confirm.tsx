import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useId, useState } from "react";
import { Dialog } from "./dialog";
import { Problem } from "./problem";

interface Props {
  title: string;
  act: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
  /** To be typed first, for what is in use right now. */
  typed?: string | undefined;
}

/** Asks before something is destroyed. The text says what breaks. */
export function Confirm({ title, act, onConfirm, onClose, children, typed }: Props) {
  const [text, setText] = useState("");
  const typedId = useId();
  const mutation = useMutation({
    mutationFn: onConfirm,
    onSuccess: () => {
      onClose();
      // The button that opened this goes away with what it destroyed, and would take the focus along.
      setTimeout(() => document.querySelector<HTMLElement>("h1")?.focus());
    },
  });
  return (
    <Dialog title={title} onClose={onClose} narrow>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutation.mutate();
        }}
      >
        <div className="dialog-body">
          {children}
          {typed !== undefined && (
            <div className="field">
              <label htmlFor={typedId}>
                Type <code>{typed}</code> to confirm
              </label>
              <input
                id={typedId}
                data-autofocus
                className="input"
                autoComplete="off"
                spellCheck={false}
                value={text}
                onChange={(event) => setText(event.target.value)}
              />
            </div>
          )}
          {mutation.isError && <Problem error={mutation.error} />}
        </div>
        <footer className="dialog-foot">
          <button
            type="button"
            className="button"
            data-autofocus={typed === undefined || undefined}
            onClick={onClose}
          >
            Cancel
          </button>
          <button
            type="submit"
            className="button button-bad"
            disabled={mutation.isPending || (typed !== undefined && text.trim() !== typed)}
          >
            {act}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
