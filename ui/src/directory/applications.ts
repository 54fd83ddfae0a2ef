import { request } from "../api";
import type { GroupRef, PersonRef } from "./people";
import { at, kind } from "./resource";

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

const MAPPINGS = "/propertymappings/provider/scope/";

export const scopeMappings = {
  ...kind<ScopeMapping, ScopeMappingFields>(MAPPINGS, {
    kept: "mappings",
    noun: "mapping",
    title: "Property Mappings",
    page: "/property-mappings",
    keyOf: (mapping) => mapping.pk,
    nameOf: (mapping) => mapping.name,
    alsoIn: ["providers"],
  }),
  usedBy: (pk: string, signal?: AbortSignal) =>
    request<UsedBy[]>("GET", `${at(MAPPINGS, pk)}used_by/`, undefined, signal),
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
  /** Null: for ever. */
  consent_validity: string | null;
  include_claims_in_id_token: boolean;
  require_pkce: boolean;
  grant_types: string[];
  logout_uri: string;
  logout_method: string;
  jwks: Record<string, unknown> | null;
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
  consent_validity: string;
  include_claims_in_id_token: boolean;
  require_pkce: boolean;
  grant_types: string[];
  issuer_mode: string;
  logout_uri: string;
  logout_method: string;
  jwks: Record<string, unknown>;
}

/** A new secret, answered this once, and until when the one before counts. */
export interface RotatedSecret {
  client_secret: string;
  previous_secret_expires_at: string | null;
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

const PROVIDERS = "/providers/oauth2/";

export const providers = {
  ...kind<Provider, ProviderFields>(PROVIDERS, {
    kept: "providers",
    noun: "provider",
    title: "Providers",
    page: "/providers",
    keyOf: (provider) => provider.pk,
    nameOf: (provider) => provider.name,
    alsoIn: ["applications"],
  }),
  rotateSecret: (pk: number, overlap: string) =>
    request<RotatedSecret>("POST", `/api/v1/idp/providers/${pk}/rotate-secret`, overlap ? { overlap } : {}),
  setupUrls: (pk: number, signal?: AbortSignal) =>
    request<SetupUrls>("GET", `${at(PROVIDERS, pk)}setup_urls/`, undefined, signal),
};

export interface Flow {
  pk: string;
  slug: string;
  designation: string;
}

export interface Certificate {
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
  meta_hide: boolean;
  policy_engine_mode: string;
  group: string;
}

export const applications = kind<Application, ApplicationFields>("/core/applications/", {
  kept: "applications",
  noun: "application",
  title: "Applications",
  page: "/applications",
  keyOf: (application) => application.slug,
  nameOf: (application) => application.name,
  alsoIn: ["providers"],
});

export interface Entitlement {
  pbm_uuid: string;
  name: string;
  app: string;
  attributes: Record<string, unknown>;
}

export interface EntitlementFields {
  name: string;
  app: string;
  attributes: Record<string, unknown>;
}

/** What people may be inside the application with that slug. */
export const entitlementsOf = (slug: string) =>
  kind<Entitlement, EntitlementFields>("/core/application_entitlements/", {
    kept: "entitlements",
    noun: "entitlement",
    title: "Entitlements",
    page: `/applications/${slug}/entitlements`,
    keyOf: (entitlement) => entitlement.pbm_uuid,
    nameOf: (entitlement) => entitlement.name,
    alsoIn: [],
  });

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

export const bindings = kind<Binding, BindingFields>("/policies/bindings/", {
  kept: "bindings",
  noun: "binding",
  title: "Bindings",
  page: "",
  keyOf: (binding) => binding.pk,
  nameOf: (binding) => binding.group_obj?.name ?? binding.user_obj?.username ?? "",
  alsoIn: ["applications"],
});
