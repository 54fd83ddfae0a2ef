import type { ReactNode } from "react";

/** Drawn here on a 24 unit grid with one stroke, so that no icon package is needed. All are decoration. */
const SHAPES = {
  overview: (
    <>
      <rect x="4" y="4" width="7" height="9" rx="1.5" />
      <rect x="4" y="17" width="7" height="3" rx="1.5" />
      <rect x="15" y="4" width="5" height="3" rx="1.5" />
      <rect x="15" y="11" width="5" height="9" rx="1.5" />
    </>
  ),
  key: (
    <>
      <circle cx="8" cy="15.5" r="4" />
      <path d="m11 12.5 8.5-8.5M15.5 8l3 3" />
    </>
  ),
  models: (
    <>
      <path d="M12 3.5 19.5 8v8L12 20.5 4.5 16V8z" />
      <path d="M4.5 8 12 12.5 19.5 8M12 12.5v8" />
    </>
  ),
  users: (
    <>
      <circle cx="9" cy="8.5" r="3.5" />
      <path d="M2.5 20c.3-3.6 2.9-6 6.5-6s6.2 2.4 6.5 6M15.5 5.3a3.5 3.5 0 0 1 0 6.4M18 14.6c2 .8 3.3 2.7 3.5 5.4" />
    </>
  ),
  account: (
    <>
      <circle cx="12" cy="8.5" r="4" />
      <path d="M4.5 20.5c.4-4 3.4-6.5 7.5-6.5s7.1 2.5 7.5 6.5" />
    </>
  ),
  groups: (
    <>
      <circle cx="12" cy="6.5" r="3" />
      <circle cx="5.5" cy="16.5" r="3" />
      <circle cx="18.5" cy="16.5" r="3" />
      <path d="m10.4 9-3.3 5M13.6 9l3.3 5M8.5 16.5h7" />
    </>
  ),
  mapping: (
    <>
      <path d="M8.5 5H7a2 2 0 0 0-2 2v3l-1.5 2L5 14v3a2 2 0 0 0 2 2h1.5M15.5 5H17a2 2 0 0 1 2 2v3l1.5 2-1.5 2v3a2 2 0 0 1-2 2h-1.5" />
      <path d="M10 12h4" />
    </>
  ),
  provider: (
    <>
      <path d="M12 3.5 19 6v5.5c0 4.3-2.8 7.3-7 9-4.2-1.7-7-4.7-7-9V6z" />
      <path d="m9 12 2.2 2.2L15.2 10" />
    </>
  ),
  apps: (
    <>
      <rect x="4" y="4" width="6.5" height="6.5" rx="1.5" />
      <rect x="13.5" y="4" width="6.5" height="6.5" rx="1.5" />
      <rect x="4" y="13.5" width="6.5" height="6.5" rx="1.5" />
      <path d="M16.75 13.5v6.5M13.5 16.75H20" />
    </>
  ),
  library: (
    <>
      <rect x="4" y="4" width="6.5" height="6.5" rx="1.5" />
      <rect x="13.5" y="4" width="6.5" height="6.5" rx="1.5" />
      <rect x="4" y="13.5" width="6.5" height="6.5" rx="1.5" />
      <rect x="13.5" y="13.5" width="6.5" height="6.5" rx="1.5" />
    </>
  ),
  program: (
    <>
      <rect x="5" y="8" width="14" height="11" rx="2.5" />
      <path d="M12 8V4.5M9.5 12.5v1.5M14.5 12.5v1.5M2.5 12.5v3M21.5 12.5v3" />
    </>
  ),
  ticket: (
    <>
      <path d="M3.5 8.5a2 2 0 0 1 2-2h13a2 2 0 0 1 2 2v1.2a2.4 2.4 0 0 0 0 4.6v1.2a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2v-1.2a2.4 2.4 0 0 0 0-4.6z" />
      <path d="M14.5 6.5v2M14.5 11v2M14.5 15.5v2" />
    </>
  ),
  token: (
    <>
      <rect x="3.5" y="7" width="17" height="10" rx="2.5" />
      <path d="M8 12h.1M12 12h.1M16 12h.1" />
    </>
  ),
  invite: (
    <>
      <circle cx="10" cy="8.5" r="4" />
      <path d="M3 20.5c.4-4 3.2-6.5 7-6.5 1.6 0 3 .4 4.1 1.2M18.5 15v6M15.5 18h6" />
    </>
  ),
  mail: (
    <>
      <rect x="3.5" y="5.5" width="17" height="13" rx="2" />
      <path d="m4.5 7.5 7.5 6 7.5-6" />
    </>
  ),
  events: (
    <>
      <path d="M8.5 6h11M8.5 12h11M8.5 18h11" />
      <path d="M4.5 6h.1M4.5 12h.1M4.5 18h.1" />
    </>
  ),
  search: (
    <>
      <circle cx="10.5" cy="10.5" r="6" />
      <path d="m15 15 5 5" />
    </>
  ),
  sun: (
    <>
      <circle cx="12" cy="12" r="3.8" />
      <path d="M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1" />
    </>
  ),
  moon: <path d="M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z" />,
  screen: (
    <>
      <rect x="3.5" y="4.5" width="17" height="11.5" rx="2" />
      <path d="M8.5 20h7M12 16v4" />
    </>
  ),
  terminal: (
    <>
      <rect x="3.5" y="4.5" width="17" height="15" rx="2" />
      <path d="m7.5 9.5 3 2.5-3 2.5M13 15h3.5" />
    </>
  ),
  plus: <path d="M12 5v14M5 12h14" />,
  copy: (
    <>
      <rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2" />
      <path d="M15.5 8.5V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7.5a2 2 0 0 0 2 2h2.5" />
    </>
  ),
  check: <path d="m5 12.5 4.5 4.5L19 7" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  warning: (
    <>
      <path d="M12 4 21 19.5H3z" />
      <path d="M12 10v4M12 16.8v.1" />
    </>
  ),
  failed: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7.5v5.5M12 16.3v.1" />
    </>
  ),
  exit: <path d="M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15.5 8l4 4-4 4M19 12H9.5" />,
  enter: <path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10.5 8l4 4-4 4M14 12H4.5" />,
  skip: <path d="M6 12h12" />,
  lock: (
    <>
      <rect x="5" y="10.5" width="14" height="9.5" rx="2" />
      <path d="M8 10.5V8a4 4 0 0 1 8 0v2.5" />
    </>
  ),
  ascending: <path d="M12 19V5M6.5 10.5 12 5l5.5 5.5" />,
  descending: <path d="M12 5v14M6.5 13.5 12 19l5.5-5.5" />,
  keyboard: (
    <>
      <rect x="2.5" y="6" width="19" height="12" rx="2" />
      <path d="M6.5 10h.1M10.2 10h.1M13.8 10h.1M17.5 10h.1M8 14.2h8" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof SHAPES;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {SHAPES[name]}
    </svg>
  );
}

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <defs>
        <linearGradient id="logo-fill" x1="0" y1="0" x2="1" y2="1">
          <stop offset="0" className="logo-from" />
          <stop offset="1" className="logo-to" />
        </linearGradient>
      </defs>
      <rect width="24" height="24" rx="6" fill="url(#logo-fill)" />
      <path className="logo-gate" d="M7 18v-6.5a5 5 0 0 1 10 0V18M12 18v-6" />
    </svg>
  );
}
