import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { Icon } from "./icons";

interface Props {
  title: string;
  /** Asked on Escape and the close button; the dialog stays until its parent stops rendering it. */
  onClose: () => void;
  children: ReactNode;
  narrow?: boolean;
}

/** A native modal dialog: focus trap, Escape and giving the focus back are the browser's. */
export function Dialog({ title, onClose, children, narrow = false }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useModal(ref, onClose);
  return (
    <dialog ref={ref} className={narrow ? "dialog dialog-narrow" : "dialog"} aria-labelledby={titleId}>
      <header className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="button button-bare" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

export function useModal(ref: React.RefObject<HTMLDialogElement | null>, onClose: () => void) {
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    // A cancelled `cancel` event is only honoured once in a row; stopping the key press is honoured always.
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      close.current();
    };
    const onCancel = (event: Event) => {
      event.preventDefault();
      close.current();
    };
    dialog.addEventListener("keydown", onKeyDown);
    dialog.addEventListener("cancel", onCancel);
    if (!dialog.open) dialog.showModal();
    // React drops the attribute `autofocus`, so the browser would choose the close button.
    dialog.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog.removeEventListener("keydown", onKeyDown);
      dialog.removeEventListener("cancel", onCancel);
      dialog.close();
    };
  }, [ref]);
}
