import { refused } from "../api-error";
import type { Role } from "../api-types";
import type {
  ClientAuth,
  RolePolicy,
  SignInFields,
  SignInProfile,
  SignInProvider,
} from "../directory/sign-in";

export const GENERIC = "generic";
/** Providers by LiteLLM's names are registered with LiteLLM's redirect URI. */
const LITELLM_IDS = ["google", "microsoft", "generic"];
const CALLBACK = "/sso/callback";

export const CLIENT_AUTHS: readonly { value: ClientAuth; label: string }[] = [
  { value: "basic", label: "Secret in the header (client_secret_basic)" },
  { value: "post", label: "Secret in the form (client_secret_post)" },
  { value: "private_key_jwt", label: "Signed by a private key (private_key_jwt)" },
  { value: "none", label: "None: a public client" },
];

export const POLICIES: readonly { value: RolePolicy; label: string }[] = [
  { value: "every_login", label: "At every sign-in the provider decides" },
  { value: "raise_only", label: "A sign-in may raise a role, never lower it" },
  { value: "first_login", label: "The first sign-in decides, later ones do not" },
];

export const ORIGINS: Readonly<Record<SignInProvider["origin"], string>> = {
  embedded: "embedded",
  variables: "variables",
  database: "dashboard",
};

export const ENDPOINTS = [
  { name: "authorization_endpoint", label: "Authorization endpoint" },
  { name: "token_endpoint", label: "Token endpoint" },
  { name: "userinfo_endpoint", label: "Userinfo endpoint" },
  { name: "end_session_endpoint", label: "End-session endpoint" },
  { name: "jwks_uri", label: "JWKS URL" },
] as const;

export const CLAIMS = [
  { name: "user_id", label: "User ID claim" },
  { name: "email", label: "E-mail claim" },
  { name: "display_name", label: "Display name claim" },
  { name: "first_name", label: "First name claim" },
  { name: "last_name", label: "Last name claim" },
  { name: "groups", label: "Groups claim" },
  { name: "provider", label: "Provider name claim" },
] as const;

/** The members whose field is one line of text, by their path in the body. */
const TEXTS = [
  "label",
  "issuer",
  ...ENDPOINTS.map((one) => one.name),
  "scope",
  "ca",
  ...CLAIMS.map((one) => `claims.${one.name}`),
  "claims.role",
  "claims.teams",
  "roles.group_claim",
  "roles.default_role",
];
const LISTS = ["access.email_domains", "access.groups", "claims.extra"];
const CHOICES = ["client_auth", "roles.policy"];
const FLAGS = ["use_pkce", "token_claims", "verify_tls", "roles.is_configured"];
const SECRETS = ["client_secret", "private_key"];

/** Every field that the form has a place for. */
export const knownFields = (profile: SignInProfile) => [
  ...["id", "profile", "client_id", "clock_skew_s", "options", "headers", "claims.kept", "roles.mappings"],
  ...[...TEXTS, ...LISTS, ...CHOICES, ...FLAGS, ...SECRETS, "access.roles"],
  ...optionsOf(profile).map((name) => `options.${name}`),
];

/** The profile's own options. The issuer of a provider like any other is a member, not an option. */
export const optionsOf = (profile: SignInProfile) =>
  Object.keys(profile.fields).filter((name) => name !== "issuer");

/** Whether the issuer has to be typed, because no pattern makes it. */
export const asksIssuer = (profile: SignInProfile) => profile.issuer === "{issuer}";

/** Where the provider has to send people back to. */
export const redirectUri = (base: string, id: string) =>
  base + (LITELLM_IDS.includes(id) ? CALLBACK : `${CALLBACK}/${id}`);

/** The id that a new provider gets unless another is typed. */
export function freeId(profile: string, taken: readonly string[]): string {
  if (!taken.includes(profile)) return profile;
  let number = 2;
  while (taken.includes(`${profile}-${number}`)) number += 1;
  return `${profile}-${number}`;
}

/** The host of what people are sent to. */
export function hostOf(of: Pick<SignInProvider, "issuer" | "authorization_endpoint">): string | null {
  const url = of.issuer ?? of.authorization_endpoint;
  try {
    return url === null ? null : new URL(url).host;
  } catch {
    return url;
  }
}

/** A step with what is known in the places of its braces. */
export function stepParts(
  step: string,
  known: Readonly<Record<string, string>>,
): { text: string; code: boolean }[] {
  return step
    .split(/\{(redirect_uri|issuer|client_id)\}/)
    .map((text, index) =>
      index % 2 === 0 ? { text, code: false } : { text: known[text] || text.replace("_", " "), code: true },
    )
    .filter(({ text }) => text !== "");
}

export interface MappingRow {
  id: number;
  role: Role;
  group: string;
}

export interface HeaderRow {
  id: number;
  name: string;
  value: string;
  /** It is there already, and without a value it stays. */
  stored: boolean;
}

export const mappingRows = (mappings: SignInProvider["roles"]["mappings"]): MappingRow[] =>
  Object.entries(mappings)
    .flatMap(([role, groups]) => groups.map((group) => ({ role: role as Role, group })))
    .map((row, id) => ({ id, ...row }));

export const headerRows = (headers: Readonly<Record<string, string>>): HeaderRow[] =>
  Object.keys(headers).map((name, id) => ({ id, name, value: "", stored: true }));

export const keptLines = (kept: readonly (readonly [string, string])[]) =>
  kept.map(([claim, place]) => `${claim} -> ${place}`).join("\n");

interface Form {
  data: FormData;
  profile: SignInProfile;
  mappings: readonly MappingRow[];
  headers: readonly HeaderRow[];
  before: SignInProvider | undefined;
}

/** What the form says, as the body of the request. Raises ApiError for a field that nothing can be made of. */
export function bodyOf({ data, profile, mappings, headers, before }: Form): SignInFields {
  const body: SignInFields = { client_id: text(data, "client_id") };
  // What is left empty is the profile's in a new provider, and taken out of one that is there.
  const put = (path: string, value: unknown, isEmpty: boolean) => {
    if (!isEmpty) set(body, path, value);
    else if (before) set(body, path, null);
  };
  for (const name of TEXTS) put(name, text(data, name), text(data, name) === "");
  for (const name of LISTS) put(name, lines(text(data, name)), lines(text(data, name)).length === 0);
  for (const name of CHOICES) set(body, name, text(data, name));
  for (const name of FLAGS) set(body, name, data.has(name));
  for (const name of SECRETS) if (text(data, name)) body[name] = text(data, name);
  for (const name of optionsOf(profile).map((one) => `options.${one}`)) {
    put(name, text(data, name), text(data, name) === "");
  }
  const kept = lines(text(data, "claims.kept")).map(keptOf);
  put("claims.kept", kept, kept.length === 0);
  const roles = data.getAll("access.roles").map(String);
  put("access.roles", roles, roles.length === 0);
  const skew = text(data, "clock_skew_s");
  put("clock_skew_s", Number(skew), skew === "");
  set(body, "roles.mappings", mappingsOf(mappings, before));
  body.headers = headersOf(headers, before);
  if (before) return body;
  return { ...body, id: text(data, "id"), profile: profile.name, is_enabled: false };
}

function keptOf(line: string): [string, string] {
  const [claim = "", place = "", ...more] = line.split("->").map((part) => part.trim());
  if (!claim || !place || more.length > 0) {
    throw refused("claims.kept", `Write a claim, -> and a place, not ${line}.`);
  }
  return [claim, place];
}

/** By role; null takes those of a role away. */
function mappingsOf(rows: readonly MappingRow[], before: SignInProvider | undefined) {
  const found: Partial<Record<string, string[] | null>> = {};
  for (const role of Object.keys(before?.roles.mappings ?? {})) found[role] = null;
  for (const { role, group } of rows) {
    if (group.trim()) found[role] = [...(found[role] ?? []), group.trim()];
  }
  return found;
}

/** By name; null takes one away, and one that is not named stays. */
function headersOf(rows: readonly HeaderRow[], before: SignInProvider | undefined) {
  const found: Record<string, string | null> = {};
  const left = rows.map((row) => row.name.trim());
  for (const name of Object.keys(before?.headers ?? {})) if (!left.includes(name)) found[name] = null;
  for (const { name, value, stored } of rows) {
    if (value.trim() && name.trim()) found[name.trim()] = value.trim();
    else if (value.trim() || (name.trim() && !stored)) {
      throw refused("headers", "Write a name and a value for each header.");
    }
  }
  return found;
}

const text = (data: FormData, name: string) => String(data.get(name) ?? "").trim();

const lines = (value: string) =>
  value
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

function set(body: SignInFields, path: string, value: unknown): void {
  const [name = "", inner] = path.split(".");
  if (inner === undefined) body[name] = value;
  else body[name] = { ...(body[name] as SignInFields | undefined), [inner]: value };
}
