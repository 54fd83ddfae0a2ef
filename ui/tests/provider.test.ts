import { expect, test } from "vitest";
import type { RedirectUri } from "../src/directory/applications";
import { scopeLabel, subjectInWords, uriLines, urisOf } from "../src/format/provider";

const plain = (url: string): RedirectUri => ({
  url,
  matching_mode: "strict",
  redirect_uri_type: "authorization",
});

test("one address a line, empty lines left out", () => {
  expect(urisOf(" https://a.example/cb \n\n https://b.example/cb")).toEqual([
    plain("https://a.example/cb"),
    plain("https://b.example/cb"),
  ]);
  expect(urisOf("\n ")).toEqual([]);
});

test("marks survive the way to the text and back", () => {
  const uris: RedirectUri[] = [
    plain("https://a.example/cb"),
    { ...plain("https://a.example/out"), redirect_uri_type: "logout" },
    { ...plain("https://.*\\.example/cb"), matching_mode: "regex" },
    { url: "https://x/out/.*", matching_mode: "regex", redirect_uri_type: "logout" },
  ];
  expect(urisOf(uriLines(uris))).toEqual(uris);
});

test("a word that is no mark stays, and so does a mark alone", () => {
  expect(urisOf("strict https://a.example/cb")).toEqual([plain("strict https://a.example/cb")]);
  expect(urisOf("logout")).toEqual([plain("logout")]);
});

test("packaged scopes go by their scope, others by their name", () => {
  expect(scopeLabel({ managed: "x", name: "long words", scope_name: "openid" })).toBe("openid");
  expect(scopeLabel({ managed: null, name: "LiteLLM Role", scope_name: "litellm_role" })).toBe(
    "LiteLLM Role",
  );
  expect(subjectInWords("user_username")).toBe("Based on the User's Username");
  expect(subjectInWords("new_mode")).toBe("new_mode");
});
