import { useQuery } from "@tanstack/react-query";
import { request } from "../api";
import type { Page, Role, RoleStep } from "../api-types";
import type { Kind } from "./resource";

export interface ClaimNames {
  user_id: string;
  email: string;
  display_name: string;
  first_name: string;
  last_name: string;
  provider: string;
  role: string;
  groups: string;
  teams: string | null;
  extra: string[];
  /** A claim and the place in the person's metadata where it is kept. */
  kept: [string, string][];
}

export type RolePolicy = "every_login" | "raise_only" | "first_login";
export type ClientAuth = "basic" | "post" | "private_key_jwt" | "none";

/** What people sign in through. Secrets are never told; values of `headers` are masked. */
export interface SignInProvider {
  id: string;
  profile: string;
  label: string | null;
  client_id: string;
  client_auth: ClientAuth;
  has_client_secret: boolean;
  has_private_key: boolean;
  issuer: string | null;
  authorization_endpoint: string | null;
  token_endpoint: string | null;
  userinfo_endpoint: string | null;
  end_session_endpoint: string | null;
  jwks_uri: string | null;
  scope: string;
  use_pkce: boolean;
  token_claims: boolean;
  headers: Record<string, string>;
  ca: string | null;
  verify_tls: boolean;
  clock_skew_s: number;
  claims: ClaimNames;
  roles: {
    is_configured: boolean;
    mappings: Partial<Record<Role, string[]>>;
    group_claim: string | null;
    default_role: Role | null;
    policy: RolePolicy;
  };
  access: { email_domains: string[]; groups: string[]; roles: Role[] };
  options: Record<string, string>;
  redirect_uri: string;
  /** What the last sign-in said of it; null before the first. */
  standing: { issuer: string | null; doubt: string | null; notes: string[] } | null;
  origin: "embedded" | "variables" | "database";
  is_enabled: boolean;
}

/** A merge patch, or what a new one is made of. */
export type SignInFields = Record<string, unknown>;

/** Where to begin with a kind of provider. `issuer` is a pattern of options in braces, null where there is none. */
export interface SignInProfile {
  name: string;
  label: string;
  icon: string;
  steps: string[];
  issuer: string | null;
  scope: string;
  client_auth: ClientAuth;
  claims: ClaimNames;
  token_claims: boolean;
  decides_roles: boolean;
  fields: Record<string, string>;
}

export type Outcome = "ok" | "warning" | "problem" | "skipped";

export interface Check {
  id: string;
  title: string;
  outcome: Outcome;
  found: string;
  fix: string | null;
}

export interface Diagnosis {
  is_good: boolean;
  checks: Check[];
}

/** What a sign-in with some claims would come to. */
export interface Explanation {
  role: Role;
  rule: string;
  warning: string | null;
  steps: RoleStep[];
  /** Null: no claim says anything of teams. */
  teams: string[] | null;
  refusal: string | null;
  refusal_code: string | null;
  user_id: string | null;
  email: string | null;
  display_name: string | null;
}

const PATH = "/api/v1/sign-in-providers";
const PAGE_SIZE = 200;
const at = (id: string | number) => `${PATH}/${encodeURIComponent(id)}`;

const kind: Kind<SignInProvider, SignInFields> = {
  path: PATH,
  kept: "sign-in-providers",
  noun: "sign-in provider",
  title: "Sign-in",
  page: "/sign-in",
  keyOf: (one) => one.id,
  nameOf: (one) => one.label ?? (one.origin === "embedded" ? "This gateway's own provider" : one.id),
  alsoIn: [],
  list: (cursor, signal) => {
    const asked = new URLSearchParams({ limit: String(PAGE_SIZE), ...(cursor ? { cursor } : {}) });
    return request<Page<SignInProvider>>("GET", `${PATH}?${asked}`, undefined, signal);
  },
  get: (id, signal) => request<SignInProvider>("GET", at(id), undefined, signal),
  create: (fields) => request<SignInProvider>("POST", PATH, fields),
  change: (id, fields) => request<SignInProvider>("PATCH", at(id), fields),
  remove: (id) => request<void>("DELETE", at(id)),
};

export const signInProviders = {
  ...kind,
  check: (id: string) => request<Diagnosis>("POST", `${at(id)}/check`),
  explain: (id: string, claims: Record<string, unknown>) =>
    request<Explanation>("POST", `${at(id)}/explain`, { claims }),
};

/** The kinds of provider that are known; they change with the server's release and never else. */
export function useSignInProfiles() {
  return useQuery({
    queryKey: ["sign-in-profiles"],
    queryFn: async ({ signal }) =>
      (await request<Page<SignInProfile>>("GET", "/api/v1/sign-in-profiles", undefined, signal)).items,
    staleTime: Infinity,
  });
}
