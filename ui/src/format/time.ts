const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "3 min ago", "2 h ago", "yesterday", "4 d ago", "in 29 d", then the date. */
export function relativeTime(iso: string, now: number): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return iso;
  const past = now - at;
  const distance = Math.abs(past);
  // The server's clock may run a little ahead of ours.
  if (distance < 45_000) return past >= -5_000 ? "just now" : "in under a minute";
  if (past < 0) return `in ${span(distance)}`;
  if (distance < DAY) return `${span(distance)} ago`;
  if (distance < 2 * DAY) return "yesterday";
  if (distance < 30 * DAY) return `${span(distance)} ago`;
  return shortDate(at, now);
}

function span(distance: number): string {
  if (distance < 59.5 * MINUTE) return `${Math.max(1, Math.round(distance / MINUTE))} min`;
  if (distance < DAY) return `${Math.round(distance / HOUR)} h`;
  return `${Math.floor(distance / DAY + 0.02)} d`;
}

function shortDate(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(at);
}

/** The exact time in the reader's zone, with the zone. */
export function exactTime(iso: string, timeZone?: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return iso;
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
    ...(timeZone ? { timeZone } : {}),
  }).format(at);
}

/** "14:00", in UTC unless a zone is named. */
export function clock(at: number, timeZone = "UTC"): string {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone }).format(at);
}

export interface Hour {
  at: number;
  requests: number;
  spend: string | null;
}

/** The whole day in 24 entries: the server may leave out hours without requests and hours to come. */
export function wholeDay(
  since: string,
  hours: { at: string; requests: number; spend: string | null }[],
): Hour[] {
  const known = new Map(hours.map((hour) => [Math.floor(Date.parse(hour.at) / HOUR), hour]));
  const first = Math.floor(Date.parse(since) / HOUR);
  return Array.from({ length: 24 }, (_, index) => {
    const hour = known.get(first + index);
    return {
      at: (first + index) * HOUR,
      requests: hour?.requests ?? 0,
      spend: hour?.spend ?? (hour ? null : "0"),
    };
  });
}
