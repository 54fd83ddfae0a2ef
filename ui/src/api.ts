import { ApiError, errorFromAnswer, unreachable } from "./api-error";
import type {
  CreatedKey,
  HeldFactors,
  Identity,
  Key,
  MailState,
  Me,
  Model,
  NewApp,
  NewKey,
  NewModel,
  Overview,
  OwnEmail,
  Page,
  RecoveryCodes,
  Security,
  Session,
  SigningKey,
  UiInfo,
  User,
  UserPatch,
} from "./api-types";
import type { CreationOptions, NewCredential } from "./passkeys";
import { at } from "./root";
import { expectSignOut, leave, sessionWorks, signIn } from "./session";
import { isUnsaved } from "./unsaved";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const PAGE_SIZE = 200;
/** Well below the ten minutes that a short session id lives. */
const IN_USE_MS = 120_000;
const SIGNING_KEYS = "/api/v1/signing-keys";
const SECURITY = "/api/v1/me/security";

let answeredAt = Date.now();

/** One call with the session cookie. Raises ApiError; a session that is over leads to the sign-in. */
export async function request<T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  // A form on another site cannot set this header; the server asks for it on everything that changes something.
  if (method !== "GET") headers["X-Gatewright-Request"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(at(path), {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (thrown) {
    if (signal?.aborted) throw thrown;
    throw unreachable();
  }
  answeredAt = Date.now();
  if (response.status === 401) return isUnsaved() ? refuse() : signIn();
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  const parsed = parse(text);
  if (!response.ok) throw errorFromAnswer(response.status, parsed, response.headers.get("X-Request-Id"));
  if (parsed === undefined) {
    throw new ApiError(response.status, "The answer was not JSON.", {
      hint: "Something between this browser and Gatewright may have answered instead.",
    });
  }
  return parsed as T;
}

/** What was typed would be lost with the page. */
function refuse(): never {
  throw new ApiError(401, "Your session has ended.", {
    code: "session_over",
    hint: "What you typed is still here. Sign in in another tab, come back, and try again.",
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function list<T>(path: string, wanted: Record<string, string> = {}) {
  return (cursor: string | null, signal?: AbortSignal) => {
    const query = new URLSearchParams({ ...wanted, limit: String(PAGE_SIZE), ...(cursor ? { cursor } : {}) });
    return request<Page<T>>("GET", `${path}?${query}`, undefined, signal);
  };
}

const one = (path: string, id: string) => `${path}/${encodeURIComponent(id)}`;

export const api = {
  me: async (signal?: AbortSignal) => {
    const me = await request<Me>("GET", "/api/v1/me", undefined, signal);
    sessionWorks();
    return me;
  },
  ui: (signal?: AbortSignal) => request<UiInfo>("GET", "/api/v1/ui", undefined, signal),
  overview: (signal?: AbortSignal) => request<Overview>("GET", "/api/v1/overview", undefined, signal),

  sessions: list<Session>("/api/v1/me/sessions"),
  endSession: (id: string) => request<void>("DELETE", one("/api/v1/me/sessions", id)),
  endOtherSessions: () => request<{ ended: number }>("POST", "/api/v1/me/sessions/end-others"),
  sessionsOf: (wanted: Record<string, string>) => list<Session>("/api/v1/sessions", wanted),
  endSessionOf: (id: string) => request<void>("DELETE", one("/api/v1/sessions", id)),
  endSessionsOf: (user: string) =>
    request<{ ended: number }>("POST", `${one("/api/v1/users", user)}/sessions/end`),

  security: (signal?: AbortSignal) => request<Security>("GET", SECURITY, undefined, signal),
  changePassword: (current: string, fresh: string) =>
    request<void>("POST", `${SECURITY}/password`, { current_password: current, new_password: fresh }),
  beginApp: (password: string) => request<NewApp>("POST", `${SECURITY}/apps`, { password }),
  confirmApp: (id: string, code: string) =>
    request<RecoveryCodes>("POST", `${one(`${SECURITY}/apps`, id)}/confirm`, { code }),
  beginPasskey: (password: string) =>
    request<{ handle: string; options: CreationOptions }>("POST", `${SECURITY}/passkeys/question`, {
      password,
    }),
  addPasskey: (made: { handle: string; credential: NewCredential; name: string }) =>
    request<RecoveryCodes>("POST", `${SECURITY}/passkeys`, made),
  notMe: (password: string) =>
    request<{ new_password: string | null }>("POST", `${SECURITY}/not-me`, { password }),
  removeFactor: (id: string, password: string) =>
    request<void>("POST", `${one(`${SECURITY}/factors`, id)}/remove`, { password }),
  newRecoveryCodes: (password: string) =>
    request<RecoveryCodes>("POST", `${SECURITY}/recovery-codes`, { password }),

  keys: list<Key>("/api/v1/keys"),
  createKey: (key: NewKey) => request<CreatedKey>("POST", "/api/v1/keys", key),
  revokeKey: (id: string) => request<void>("DELETE", one("/api/v1/keys", id)),

  models: list<Model>("/api/v1/models"),
  addModel: (model: NewModel) => request<Model>("POST", "/api/v1/models", model),
  removeModel: (id: string) => request<void>("DELETE", one("/api/v1/models", id)),

  identitiesOf: (id: string, signal?: AbortSignal) =>
    request<{ items: Identity[] }>("GET", `${one("/api/v1/users", id)}/identities`, undefined, signal),
  unlinkIdentity: (id: string, identity: string) =>
    request<void>("DELETE", one(`${one("/api/v1/users", id)}/identities`, identity)),

  factorsOf: (id: string, signal?: AbortSignal) =>
    request<HeldFactors>("GET", `${one("/api/v1/users", id)}/factors`, undefined, signal),
  resetFactors: (id: string) => request<void>("POST", `${one("/api/v1/users", id)}/factors/reset`),

  mail: (signal?: AbortSignal) => request<MailState>("GET", "/api/v1/email", undefined, signal),
  testMail: () => request<{ to: string; answer: string }>("POST", "/api/v1/email/test"),
  ownEmail: (signal?: AbortSignal) => request<OwnEmail>("GET", "/api/v1/me/email", undefined, signal),
  verifyEmail: () => request<{ to: string }>("POST", "/api/v1/me/email/verify"),

  signingKeys: async (signal?: AbortSignal) =>
    (await request<{ items: SigningKey[] }>("GET", SIGNING_KEYS, undefined, signal)).items,
  rotateKeys: (asked: { algorithm: string; at_once: boolean }) =>
    request<{ items: SigningKey[] }>("POST", `${SIGNING_KEYS}/rotate`, asked),

  changeUser: (id: string, patch: UserPatch) => request<User>("PATCH", one("/api/v1/users", id), patch),
};

/** Whoever types is using the session, long before the form is sent. */
export function stayInUse(): void {
  if (Date.now() - answeredAt < IN_USE_MS) return;
  answeredAt = Date.now();
  // If the session is over, sending the form says so.
  api.me().catch(() => undefined);
}

export async function signOut(): Promise<void> {
  expectSignOut(true);
  try {
    const answer = await request<{ redirect_to: string }>("POST", "/session/logout");
    leave(answer.redirect_to);
  } catch (thrown) {
    expectSignOut(false);
    throw thrown;
  }
}
