import type { SessionKind } from "../api-types";

const BROWSERS: readonly [RegExp, string][] = [
  // Order matters: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\b(?:Macintosh|Mac OS X|Darwin)\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/i, "Linux"],
];

/** A User-Agent as a person would say it: "Firefox on Linux", "gatewright 0.1.0 on Linux". */
export function deviceName(agent: string | null): string {
  if (!agent) return "Unknown device";
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  const program = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1] ?? productName(agent);
  return system ? `${program} on ${system}` : program;
}

function productName(agent: string): string {
  const [product = agent] = agent.split(" ");
  return product.replace("/", " ");
}

/** What kind of session it is, in words. */
export const SESSION_KINDS = {
  browser: "browser",
  provider: "sign-in to applications",
  cli: "command line",
  device: "device",
  application: "application",
} as const satisfies Record<SessionKind, string>;
