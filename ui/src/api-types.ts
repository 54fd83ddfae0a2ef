/** What docs/api.md promises, by hand. Times are ISO 8601 in UTC; money is decimal text in USD, null when unknown. */

export type Role = "proxy_admin" | "proxy_admin_viewer" | "internal_user" | "internal_user_viewer";

/** One thing that a sign-in looked at. `decides` marks the one whose word counted for the role. */
export interface RoleStep {
  rule: string;
  text: string;
  role?: Role;
  decides?: boolean;
}

export interface RoleReason {
  rule: string;
  claim: string | null;
  value: string | null;
  warning: string | null;
  steps?: RoleStep[];
}

/** An account of a sign-in provider that somebody signs in with. `source` is the issuer, or `embedded`. */
export interface Identity {
  id: string;
  source: string;
  subject: string;
  linked_at: string;
  last_used_at: string | null;
}

export interface Me {
  user_id: string;
  username: string | null;
  email: string | null;
  display_name: string | null;
  role: Role;
  role_label: string;
  role_reason: RoleReason;
  role_locked: boolean;
  kind: "session" | "key" | "cli" | "master";
  expires_at: string | null;
  models: string[];
}

export type SessionKind = "browser" | "provider" | "cli" | "device" | "application";

export interface Session {
  id: string;
  kind: SessionKind;
  current: boolean;
  owner: { user_id: string; username: string; email: string | null };
  /** The applications that have tokens from it. */
  clients: string[];
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
  address: string | null;
  user_agent: string | null;
}

export interface Factor {
  id: string;
  kind: "app" | "passkey";
  name: string;
  created_at: string;
  last_used_at: string | null;
  is_backed_up: boolean;
}

export interface Security {
  local: boolean;
  required: boolean;
  recovery_codes_left: number;
  factors: Factor[];
}

/** The second factors of anybody. */
export interface HeldFactors {
  factors: Factor[];
  recovery_codes_left: number;
}

/** It signs from `active_from` until `retired_at`, and is published until `expires_at`. */
export interface SigningKey {
  kid: string;
  algorithm: string;
  created_at: string;
  active_from: string;
  retired_at: string | null;
  expires_at: string | null;
}

/** How messages leave, how many wait, and why they do. */
export interface MailState {
  configured: boolean;
  server: string | null;
  security: "none" | "starttls" | "tls" | null;
  sender: string | null;
  waiting: number;
  problem: string | null;
}

/** `can_verify`: a link that proves the address can be asked for now. */
export interface OwnEmail {
  address: string | null;
  verified: boolean;
  can_verify: boolean;
}

export interface NewApp {
  id: string;
  secret: string;
  address: string;
  image: string;
}

/** Empty when the person has some already. */
export interface RecoveryCodes {
  recovery_codes: string[];
}

export interface Overview {
  since: string;
  requests: number;
  errors: number;
  tokens: { prompt: number; completion: number; total: number };
  spend: string | null;
  unpriced_requests: number;
  first_request_done: boolean;
  example_model: string | null;
  base_url: string;
  hours: { at: string; requests: number; spend: string | null }[];
  models: { model: string; requests: number; tokens: number | { total: number }; spend: string | null }[];
}

export interface Key {
  id: string;
  name: string | null;
  key_name: string;
  models: string[];
  owner: { user_id: string; email: string | null } | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  status: "active" | "expired" | "revoked";
  spend: string | null;
}

export interface NewKey {
  name: string;
  models: string[];
  expires_in: string | null;
}

export interface CreatedKey extends Key {
  key: string;
}

export interface Model {
  id: string;
  name: string;
  provider: string;
  upstream_model: string | null;
  api_base: string | null;
  source: "config" | "database" | "built_in";
  demonstration: boolean;
  price: { input_per_million: string | null; output_per_million: string | null } | null;
}

export interface NewModel {
  name: string;
  upstream_model: string;
  api_base: string | null;
  api_key: string | null;
  input_price_per_million?: string;
  output_price_per_million?: string;
  params?: Record<string, unknown>;
}

export interface User {
  user_id: string;
  username: string | null;
  email: string | null;
  display_name: string | null;
  role: Role;
  role_label: string;
  role_reason: RoleReason;
  role_locked: boolean;
  is_active: boolean;
  is_break_glass: boolean;
  last_login_at: string | null;
  created_at: string;
}

export interface UserPatch {
  role?: Role;
  role_locked?: boolean;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface UiInfo {
  product: string;
  version: string;
  base_url: string;
  sign_in_url: string;
  /** Where clients reach the API, for code samples. */
  api_base_url: string;
}

/** RFC 9457, plus our extensions. Every member may be missing when something between us and the server answered. */
export interface Problem {
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  hint?: string | null;
  errors?: { field: string; detail: string }[];
  request_id?: string;
}
