import { ApiError } from "./api-error";
import { at, ROOT } from "./root";

const MARK = "gatewright.sign-in";
const LOOP_WINDOW_MS = 30_000;
const LOOP_LIMIT = 2;

let leaving = false;

/** Stops later 401s from starting a sign-in while the browser is already on its way elsewhere. */
export function leave(target: string): void {
  leaving = true;
  const url = new URL(at(target), location.origin);
  location.assign(url.protocol === "https:" || url.protocol === "http:" ? url.href : "/");
}

/** Call before a request that ends the session: what still runs then gets a 401 and must not sign in again. */
export function expectSignOut(expected: boolean): void {
  leaving = expected;
}

/** Of the gateway, not of the browser: see `at`. */
function signInAddress(): string {
  const here = location.pathname.slice(ROOT.length) + location.search;
  return `/sso/key/generate?return_to=${encodeURIComponent(here)}`;
}

export const signInUrl = (): string => at(signInAddress());

/** Goes to the sign-in page. The promise never settles, so nothing flashes before the page is gone. */
export function signIn(): Promise<never> {
  if (leaving) return new Promise(() => {});
  if (isLooping()) {
    throw new ApiError(401, "You signed in, but the session did not hold.", {
      code: "session_not_kept",
      hint: "Allow cookies for this address, and open the dashboard at the address that the server printed.",
    });
  }
  leave(signInAddress());
  return new Promise(() => {});
}

/** The session works: forget earlier trips to the sign-in page. */
export function sessionWorks(): void {
  try {
    sessionStorage.removeItem(MARK);
  } catch {
    // Without storage there is no loop guard; nothing else depends on it.
  }
}

function isLooping(): boolean {
  try {
    const trips = (JSON.parse(sessionStorage.getItem(MARK) ?? "[]") as number[]).filter(
      (at) => Date.now() - at < LOOP_WINDOW_MS,
    );
    if (trips.length >= LOOP_LIMIT) {
      sessionStorage.removeItem(MARK);
      return true;
    }
    sessionStorage.setItem(MARK, JSON.stringify([...trips, Date.now()]));
  } catch {
    // See above.
  }
  return false;
}
