const DAY_MS = 24 * 3_600_000;

export const LIVES = [
  { value: "1", label: "1 day" },
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
] as const;

export const LIVES_AND_NEVER = [...LIVES, { value: "never", label: "Never" }] as const;

export type Life = (typeof LIVES_AND_NEVER)[number]["value"];

/** When a life of so many days is over, as ISO 8601; undefined for one without an end. */
export const endOf = (life: Life, now: number): string | undefined =>
  life === "never" ? undefined : new Date(now + Number(life) * DAY_MS).toISOString();
