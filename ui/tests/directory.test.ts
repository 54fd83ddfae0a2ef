import { expect, test } from "vitest";
import { ApiError } from "../src/api-error";
import { jsonObject, jsonText } from "../src/format/json-object";
import { endOf } from "../src/format/life";
import { keyState } from "../src/format/signing-key";
import { slugOf } from "../src/format/slug";

const NOW = Date.parse("2026-03-01T12:00:00Z");

test("a life ends so many days from now, or never", () => {
  expect(endOf("7", NOW)).toBe("2026-03-08T12:00:00.000Z");
  expect(endOf("never", NOW)).toBeUndefined();
});

test("an object survives the way to the text and back", () => {
  const object = { department: "Research", seats: [1, 2], deep: { a: null } };
  expect(jsonObject(jsonText(object), "attributes")).toEqual(object);
  expect(jsonText({})).toBe("");
  expect(jsonObject(" \n", "attributes")).toEqual({});
});

test.each(["{", "[1]", "null", '"text"', "{'a': 1}"])("%s is refused at its field", (text) => {
  let thrown: unknown;
  try {
    jsonObject(text, "attributes");
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ApiError);
  expect(Object.keys((thrown as ApiError).fields)).toEqual(["attributes"]);
});

const key = (active_from: string, retired_at: string | null) => ({
  kid: "k",
  algorithm: "RS256",
  created_at: active_from,
  active_from,
  retired_at,
  expires_at: null,
});

test("a key waits, signs, and is retired", () => {
  expect(keyState(key("2026-03-01T13:00:00Z", null), NOW)).toBe("waits");
  expect(keyState(key("2026-03-01T12:00:00Z", null), NOW)).toBe("signs");
  expect(keyState(key("2026-01-01T00:00:00Z", "2026-03-01T13:00:00Z"), NOW)).toBe("signs");
  expect(keyState(key("2026-01-01T00:00:00Z", "2026-03-01T12:00:00Z"), NOW)).toBe("retired");
});

test("a name as part of an address", () => {
  expect(slugOf("LiteLLM")).toBe("litellm");
  expect(slugOf("  Crème & Brûlée (new) ")).toBe("creme-brulee-new");
});
