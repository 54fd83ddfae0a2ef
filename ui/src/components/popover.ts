import { useRef } from "react";

/** A popover below the button that opens it, at its right edge. */
export function usePopover() {
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const place = () => {
    const at = button.current?.getBoundingClientRect();
    if (!at || !menu.current) return;
    // A popover is laid out against the page, not against its button.
    menu.current.style.top = `${at.bottom + scrollY + 6}px`;
    menu.current.style.right = `${document.documentElement.clientWidth - at.right}px`;
  };
  return { button, menu, place };
}
