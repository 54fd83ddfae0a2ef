import type { RedirectUri } from "../directory/applications";

export const SUBJECTS = [
  { value: "hashed_user_id", label: "Based on the User's hashed ID" },
  { value: "user_id", label: "Based on the User's ID" },
  { value: "user_uuid", label: "Based on the User's UUID" },
  { value: "user_username", label: "Based on the User's Username" },
  { value: "user_email", label: "Based on the User's Email" },
  { value: "user_upn", label: "Based on the User's UPN" },
] as const;

export const CLIENT_TYPES = [
  { value: "confidential", label: "Confidential" },
  { value: "public", label: "Public" },
] as const;

export const GRANTS = [
  { value: "authorization_code", label: "Authorization code" },
  { value: "refresh_token", label: "Refresh token" },
  { value: "client_credentials", label: "Client credentials" },
  { value: "urn:ietf:params:oauth:grant-type:device_code", label: "Device code" },
] as const;

export const grantInWords = (grant: string) => GRANTS.find((one) => one.value === grant)?.label ?? grant;

export const ISSUERS = [
  { value: "per_provider", label: "Each provider has a different issuer, based on the application slug" },
  { value: "global", label: "Same identifier is used for all providers" },
] as const;

export const LOGOUTS = [
  { value: "backchannel", label: "Back-channel" },
  { value: "frontchannel", label: "Front-channel" },
] as const;

export const LIVES = [
  { name: "access_code_validity", label: "Access code validity", usual: "minutes=1" },
  { name: "access_token_validity", label: "Access token validity", usual: "minutes=10" },
  { name: "refresh_token_validity", label: "Refresh token validity", usual: "days=30" },
] as const;

export type ClientType = (typeof CLIENT_TYPES)[number]["value"];

export const subjectInWords = (mode: string) => SUBJECTS.find((one) => one.value === mode)?.label ?? mode;

/** How a scope mapping is called where scopes are chosen: the packaged ones by their scope. */
export const scopeLabel = (mapping: { managed: string | null; name: string; scope_name: string }) =>
  mapping.managed ? mapping.scope_name : mapping.name;

const mark = ({ matching_mode, redirect_uri_type }: RedirectUri) =>
  [redirect_uri_type === "logout" && "logout", matching_mode === "regex" && "regex"].filter(Boolean);

/** Redirect URIs as text, one a line; "logout" and "regex" stand in front where they apply. */
export const uriLines = (uris: readonly RedirectUri[]) =>
  uris.map((uri) => [...mark(uri), uri.url].join(" ")).join("\n");

/** The reverse of `uriLines`. Words that are no mark stay part of the address, which the server then refuses. */
export function urisOf(text: string): RedirectUri[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const words = line.split(/\s+/);
      const uri: RedirectUri = { url: "", matching_mode: "strict", redirect_uri_type: "authorization" };
      while (words.length > 1 && (words[0] === "logout" || words[0] === "regex")) {
        if (words.shift() === "logout") uri.redirect_uri_type = "logout";
        else uri.matching_mode = "regex";
      }
      return { ...uri, url: words.join(" ") };
    });
}
