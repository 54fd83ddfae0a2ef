import { useEffect, useRef, useSyncExternalStore } from "react";
import type { NavPage } from "./commands";

const OFF = "gatewright.single-keys";
const SEQUENCE_MS = 1_200;
const listeners = new Set<() => void>();

function read(): boolean {
  try {
    return localStorage.getItem(OFF) !== "off";
  } catch {
    return true;
  }
}

let enabled = read();

/** Speech input can type single letters by accident, so they can be switched off (WCAG 2.1.4). */
export function setSingleKeys(on: boolean): void {
  enabled = on;
  try {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "off");
  } catch {
    // It then holds for this page only.
  }
  for (const listener of listeners) listener();
}

export function useSingleKeys(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => enabled,
  );
}

interface Does {
  pages: readonly NavPage[];
  go: (path: string) => void;
  openCommands: () => void;
  openHelp: () => void;
}

export function useShortcuts(does: Does): void {
  const latest = useRef(does);
  useEffect(() => {
    latest.current = does;
  });
  useEffect(() => {
    let goAt = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      const { pages, go, openCommands, openHelp } = latest.current;
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        if (!document.querySelector("dialog[open]")) openCommands();
        return;
      }
      if (!enabled || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (document.querySelector("dialog[open]") || isTyping(event.target)) return;
      if (Date.now() - goAt < SEQUENCE_MS) {
        goAt = 0;
        const page = pages.find((each) => each.letter === event.key);
        if (page) {
          event.preventDefault();
          go(page.path);
          return;
        }
      }
      if (event.key === "g") goAt = Date.now();
      else if (event.key === "n") press("new", event);
      else if (event.key === "/") press("filter", event);
      else if (event.key === "?") {
        event.preventDefault();
        openHelp();
      }
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}

function press(name: "new" | "filter", event: KeyboardEvent): void {
  const target = document.querySelector<HTMLElement>(`[data-shortcut="${name}"]`);
  if (!target) return;
  event.preventDefault();
  if (name === "new") target.click();
  else target.focus();
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["radio", "checkbox", "button"].includes(target.type);
  return (
    target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  );
}
