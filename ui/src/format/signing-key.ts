import type { SigningKey } from "../api-types";

/** What a published key does at that time: signs, waits until clients know it, or is kept for what it signed. */
export function keyState(key: SigningKey, now: number): "signs" | "waits" | "retired" {
  if (key.retired_at !== null && Date.parse(key.retired_at) <= now) return "retired";
  return Date.parse(key.active_from) <= now ? "signs" : "waits";
}
