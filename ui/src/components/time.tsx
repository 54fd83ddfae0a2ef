import { useEffect, useState, useSyncExternalStore } from "react";
import { exactTime, relativeTime } from "../format/time";

const TICK_MS = 15_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for the page, so that a table of times costs one timer. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

export function useNow(): number {
  const ticking = useSyncExternalStore(subscribe, () => now);
  // The shared clock stands still while nobody listens.
  const [mounted] = useState(() => Date.now());
  useEffect(() => {
    now = Math.max(now, mounted);
  }, [mounted]);
  return Math.max(ticking, mounted);
}

export function Time({ at, never = "never" }: { at: string | null; never?: string }) {
  const current = useNow();
  if (at === null) return <span className="muted">{never}</span>;
  return (
    <time dateTime={at} title={exactTime(at)}>
      {relativeTime(at, Math.max(current, Date.now()))}
    </time>
  );
}
