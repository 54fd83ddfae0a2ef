import { refused } from "../api-error";

/** An object as text that can be edited; nothing for an empty one. */
export const jsonText = (object: Readonly<Record<string, unknown>>) =>
  Object.keys(object).length === 0 ? "" : JSON.stringify(object, null, 2);

/** The reverse. Raises ApiError for the form's field of that name. */
export function jsonObject(text: string, field: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (thrown) {
    throw refused(
      field,
      `This is not JSON: ${thrown instanceof Error ? thrown.message : "it does not parse"}.`,
    );
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw refused(field, "Write a JSON object: names and values between { and }.");
  }
  return found as Record<string, unknown>;
}
