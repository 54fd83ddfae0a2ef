import { request } from "./api";
import type { Page, Role, RoleReason } from "./api-types";

/** `/api/v3`: the directory in Authentik's member names, by hand. Times are ISO 8601 in UTC. */

export interface GroupRef {
  pk: string;
  name: string;
  is_superuser: boolean;
}

export interface PersonRef {
  pk: number;
  username: string;
  name: string;
  email: string;
  is_active: boolean;
}

export interface Person extends PersonRef {
  user_id: string;
  email_verified: boolean;
  type: "internal" | "external" | "service_account" | "internal_service_account";
  groups: string[];
  groups_obj: GroupRef[];
  is_superuser: boolean;
  is_break_glass: boolean;
  role: Role;
  role_label: string;
  role_reason: RoleReason;
  role_locked: boolean;
  last_login: string | null;
  date_joined: string;
  password_change_date: string;
}

export interface PersonFields {
  username?: string;
  name?: string;
  email?: string;
  email_verified?: boolean;
  is_active?: boolean;
  groups?: string[];
}

export interface Group extends GroupRef {
  parents: string[];
  parents_obj: GroupRef[];
  children_obj: GroupRef[];
  users: number[];
  users_obj: PersonRef[];
  requires_mfa: boolean;
}

export interface GroupFields {
  name?: string;
  parents?: string[];
  is_superuser?: boolean;
  requires_mfa?: boolean;
}

interface Paged<T> {
  pagination: { next: number; count: number };
  results: T[];
}

type Query = Record<string, string>;

const V3 = "/api/v3";
const PAGE_SIZE = 100;
const FOUND = 10;

/** One page of a list; its cursor is the number of the page. */
export function listOf<T>(path: string, query: Query = {}) {
  return async (cursor: string | null, signal?: AbortSignal): Promise<Page<T>> => {
    const asked = new URLSearchParams({ ...query, page: cursor ?? "1", page_size: String(PAGE_SIZE) });
    const { pagination, results } = await request<Paged<T>>(
      "GET",
      `${V3}${path}?${asked}`,
      undefined,
      signal,
    );
    return { items: results, next_cursor: pagination.next > 0 ? String(pagination.next) : null };
  };
}

/** Every object of a list that is short by nature. */
export async function everyOf<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T[]> {
  const page = listOf<T>(path, query);
  const found: T[] = [];
  let cursor: string | null = null;
  do {
    const next: Page<T> = await page(cursor, signal);
    found.push(...next.items);
    cursor = next.next_cursor;
  } while (cursor !== null);
  return found;
}

/** The first few objects that a search finds. */
export async function search<T>(path: string, words: string, signal?: AbortSignal): Promise<T[]> {
  const asked = new URLSearchParams({ search: words, page_size: String(FOUND) });
  return (await request<Paged<T>>("GET", `${V3}${path}?${asked}`, undefined, signal)).results;
}

const at = (path: string, key: string | number) => `${V3}${path}${encodeURIComponent(key)}/`;

/** What every kind of object has. `T` is the object, `F` the fields that are sent, `K` its key. */
function kind<T, F, K extends string | number>(path: string) {
  return {
    path,
    list: listOf<T>(path),
    get: (key: K, signal?: AbortSignal) => request<T>("GET", at(path, key), undefined, signal),
    create: (fields: F) => request<T>("POST", `${V3}${path}`, fields),
    change: (key: K, fields: Partial<F>) => request<T>("PATCH", at(path, key), fields),
    remove: (key: K) => request<void>("DELETE", at(path, key)),
  };
}

export const people = {
  ...kind<Person, PersonFields, number>("/core/users/"),
  setPassword: (pk: number, password: string) =>
    request<void>("POST", `${at("/core/users/", pk)}set_password/`, { password }),
  recovery: (pk: number) =>
    request<{ link: string }>("POST", `${at("/core/users/", pk)}recovery/`, { token_duration: "days=1" }),
};

export const groups = {
  ...kind<Group, GroupFields, string>("/core/groups/"),
  addMember: (pk: string, user: number) =>
    request<void>("POST", `${at("/core/groups/", pk)}add_user/`, { pk: user }),
  removeMember: (pk: string, user: number) =>
    request<void>("POST", `${at("/core/groups/", pk)}remove_user/`, { pk: user }),
};

export interface ScopeMapping {
  pk: string;
  managed: string | null;
  name: string;
  scope_name: string;
  description: string;
  expression: string;
  required: boolean;
}

export type ScopeMappingFields = Pick<
  ScopeMapping,
  "name" | "scope_name" | "description" | "expression" | "required"
>;

export interface UsedBy {
  model_name: string;
  pk: string;
  name: string;
}

export const scopeMappings = {
  ...kind<ScopeMapping, ScopeMappingFields, string>("/propertymappings/provider/scope/"),
  usedBy: (pk: string, signal?: AbortSignal) =>
    request<UsedBy[]>("GET", `${at("/propertymappings/provider/scope/", pk)}used_by/`, undefined, signal),
};

export interface RedirectUri {
  url: string;
  matching_mode: "strict" | "regex";
  redirect_uri_type: "authorization" | "logout";
}

export interface Provider {
  pk: number;
  name: string;
  authorization_flow: string;
  client_type: "confidential" | "public";
  client_id: string;
  /** Empty but in the answer to the request that set it. */
  client_secret: string;
  has_client_secret: boolean;
  redirect_uris: RedirectUri[];
  property_mappings: string[];
  sub_mode: string;
  issuer_mode: string;
  signing_key: string;
  access_code_validity: string;
  access_token_validity: string;
  refresh_token_validity: string;
  include_claims_in_id_token: boolean;
  require_pkce: boolean;
  grant_types: string[];
  assigned_application_slug: string;
  assigned_application_name: string;
  warnings?: string[];
}

export interface ProviderFields {
  name: string;
  authorization_flow: string;
  client_type: string;
  client_id?: string;
  client_secret?: string;
  redirect_uris: RedirectUri[];
  property_mappings: string[];
  sub_mode: string;
  signing_key: string;
  access_code_validity: string;
  access_token_validity: string;
  refresh_token_validity: string;
  include_claims_in_id_token: boolean;
  require_pkce: boolean;
}

export interface SetupUrls {
  issuer: string;
  provider_info: string;
  authorize: string;
  token: string;
  user_info: string;
  logout: string;
  jwks: string;
}

export const providers = {
  ...kind<Provider, ProviderFields, number>("/providers/oauth2/"),
  setupUrls: (pk: number, signal?: AbortSignal) =>
    request<SetupUrls>("GET", `${at("/providers/oauth2/", pk)}setup_urls/`, undefined, signal),
};

export interface Flow {
  pk: string;
  slug: string;
  designation: string;
}

export interface SigningKey {
  pk: string;
  name: string;
}

export interface Application {
  pk: string;
  name: string;
  slug: string;
  provider: number | null;
  provider_obj: { pk: number; name: string } | null;
  launch_url: string;
  open_in_new_tab: boolean;
  meta_launch_url: string;
  meta_icon: string | null;
  meta_description: string;
  meta_publisher: string;
  meta_hide: boolean;
  policy_engine_mode: "any" | "all";
  group: string;
}

export interface ApplicationFields {
  name: string;
  slug: string;
  provider: number | null;
  meta_launch_url: string;
  open_in_new_tab: boolean;
  meta_icon: string;
  meta_description: string;
  meta_publisher: string;
  group: string;
}

export const applications = kind<Application, ApplicationFields, string>("/core/applications/");

export interface Binding {
  pk: string;
  group: string | null;
  group_obj: GroupRef | null;
  user: number | null;
  user_obj: PersonRef | null;
  target: string;
  negate: boolean;
  enabled: boolean;
  order: number;
}

export interface BindingFields {
  target: string;
  order: number;
  group?: string;
  user?: number;
}

export const bindings = kind<Binding, BindingFields, string>("/policies/bindings/");

export interface LoggedEvent {
  pk: string;
  user: { username: string };
  action: string;
  context: {
    action: string;
    outcome: string;
    target: string | null;
    request_id: string | null;
    [more: string]: unknown;
  };
  client_ip: string | null;
  created: string;
}

export interface EventAction {
  name: string;
  component: string;
}

export const eventActions = (signal?: AbortSignal) =>
  request<EventAction[]>("GET", `${V3}/events/events/actions/`, undefined, signal);
