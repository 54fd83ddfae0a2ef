import { expect, test } from "vitest";
import type { ApiError } from "../src/api-error";
import type { SignInProfile, SignInProvider } from "../src/directory/sign-in";
import {
  bodyOf,
  freeId,
  headerRows,
  hostOf,
  keptLines,
  mappingRows,
  redirectUri,
  stepParts,
} from "../src/format/sign-in";

const claims = {
  user_id: "sub",
  email: "email",
  display_name: "name",
  first_name: "given_name",
  last_name: "family_name",
  provider: "provider",
  role: "realm.roles",
  groups: "groups",
  teams: null,
  extra: [],
  kept: [],
};

const profile: SignInProfile = {
  name: "keycloak",
  label: "Keycloak",
  icon: "keycloak",
  steps: [],
  issuer: "https://{domain}/realms/{realm}",
  scope: "openid",
  client_auth: "basic",
  claims,
  token_claims: true,
  decides_roles: false,
  fields: { domain: "The host.", realm: "The realm." },
};

const stored = {
  roles: { mappings: { proxy_admin: ["chiefs"], internal_user: ["staff", "cn=a,dc=b"] } },
  headers: { "x-tenant": "***", "x-old": "***" },
} as unknown as SignInProvider;

const form = (fields: Record<string, string>) => {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
};

const nothing = { profile, mappings: [], headers: [], before: undefined };

test("a new provider is made disabled, and what is left empty is its profile's", () => {
  const data = form({
    id: "kc",
    client_id: " gw ",
    client_secret: "hush",
    label: "Staff",
    client_auth: "basic",
    "roles.policy": "raise_only",
    "roles.is_configured": "on",
    "options.realm": "staff",
    "claims.email": "mail",
    "access.email_domains": "a.example\n\n b.example ",
    clock_skew_s: "60",
  });
  expect(bodyOf({ ...nothing, data, mappings: [{ id: 0, role: "proxy_admin", group: " chiefs " }] })).toEqual(
    {
      id: "kc",
      profile: "keycloak",
      is_enabled: false,
      label: "Staff",
      client_id: "gw",
      client_secret: "hush",
      client_auth: "basic",
      use_pkce: false,
      token_claims: false,
      verify_tls: false,
      clock_skew_s: 60,
      headers: {},
      options: { realm: "staff" },
      claims: { email: "mail" },
      access: { email_domains: ["a.example", "b.example"] },
      roles: { is_configured: true, policy: "raise_only", mappings: { proxy_admin: ["chiefs"] } },
    },
  );
});

test("a change takes out what was emptied, and leaves secrets alone that were not typed", () => {
  const body = bodyOf({
    profile,
    data: form({ client_id: "gw", client_secret: "", "claims.role": "" }),
    mappings: mappingRows(stored.roles.mappings).filter((row) => row.group !== "chiefs"),
    headers: [...headerRows(stored.headers).slice(0, 1), { id: 9, name: "x-new", value: "1", stored: false }],
    before: stored,
  });
  expect(body).not.toHaveProperty("client_secret");
  expect(body).not.toHaveProperty("id");
  expect(body).not.toHaveProperty("is_enabled");
  expect(body).toMatchObject({ issuer: null, claims: { role: null, kept: null }, options: { realm: null } });
  expect(body.roles).toMatchObject({
    mappings: { proxy_admin: null, internal_user: ["staff", "cn=a,dc=b"] },
  });
  expect(body.headers).toEqual({ "x-old": null, "x-new": "1" });
});

test("what nothing can be made of is named by its field", () => {
  const wrong = (run: () => unknown) => {
    try {
      run();
    } catch (thrown) {
      return Object.keys((thrown as ApiError).fields);
    }
    return [];
  };
  expect(wrong(() => bodyOf({ ...nothing, data: form({ "claims.kept": "a -> b\nc" }) }))).toEqual([
    "claims.kept",
  ]);
  const headers = [{ id: 0, name: "x-a", value: "", stored: false }];
  expect(wrong(() => bodyOf({ ...nothing, data: form({}), headers }))).toEqual(["headers"]);
});

test("kept claims survive the way to the text and back", () => {
  const kept: [string, string][] = [["department", "org.department"]];
  const data = form({ "claims.kept": keptLines(kept) });
  expect(bodyOf({ ...nothing, data }).claims).toEqual({ kept });
});

test("redirect URIs are LiteLLM's for LiteLLM's names, and of their own for others", () => {
  expect(redirectUri("https://gw.example", "google")).toBe("https://gw.example/sso/callback");
  expect(redirectUri("https://gw.example", "acme")).toBe("https://gw.example/sso/callback/acme");
  expect(freeId("google", ["embedded"])).toBe("google");
  expect(freeId("google", ["google", "google-2"])).toBe("google-3");
});

test("steps have what is known in the places of their braces", () => {
  expect(
    stepParts("Add {redirect_uri} for {client_id}.", { redirect_uri: "https://x", client_id: "" }),
  ).toEqual([
    { text: "Add ", code: false },
    { text: "https://x", code: true },
    { text: " for ", code: false },
    { text: "client id", code: true },
    { text: ".", code: false },
  ]);
  expect(stepParts("{other}", {})).toEqual([{ text: "{other}", code: false }]);
});

test("the host is the issuer's, or where people are sent", () => {
  expect(hostOf({ issuer: "https://id.example/x", authorization_endpoint: null })).toBe("id.example");
  expect(hostOf({ issuer: null, authorization_endpoint: "https://github.com/login" })).toBe("github.com");
  expect(hostOf({ issuer: "no url", authorization_endpoint: null })).toBe("no url");
  expect(hostOf({ issuer: null, authorization_endpoint: null })).toBe(null);
});
