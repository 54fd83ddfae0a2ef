// A certified OpenID provider over TLS, with the pages for sign-in and consent that it brings for development.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));
const { issuer, port, clients, people, certificate, key } = JSON.parse(readFileSync(0, "utf8"));

const provider = new Provider(issuer, {
  clients,
  claims: {
    openid: ["sub"],
    profile: ["preferred_username", "name"],
    email: ["email", "email_verified"],
    roles: ["role", "groups"],
  },
  scopes: ["openid", "profile", "email", "roles"],
  conformIdTokenClaims: true,
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  pkce: { required: () => true },
  cookies: { keys: ["a key of the tests"] },
  clockTolerance: 5,
  // Its own dispatcher calls no loopback address, where the gateway is.
  fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, name: id, ...(people[id] ?? {}) }),
  }),
});
provider.on("backchannel.error", (_, error) => console.error("backchannel", error.message, error.cause?.message ?? ""));
provider.on("server_error", (_, error) => console.error("server", error));
provider.on("grant.error", (_, error) => console.error("grant", error.message, error.error_description ?? ""));

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
server.on("request", provider.callback());
server.listen(port, "127.0.0.1", () => console.log("ready"));
