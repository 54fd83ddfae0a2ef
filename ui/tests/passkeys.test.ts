import { expect, test } from "vitest";
import { bytes, text } from "../src/passkeys";

test("bytes come back from base64url as they were, whatever they are", () => {
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  for (const length of [0, 1, 2, 3, 255, 256]) {
    const some = all.slice(256 - length);
    const encoded = text(some.buffer);
    expect(encoded).toMatch(/^[A-Za-z0-9_-]*$/);
    expect([...bytes(encoded)]).toEqual([...some]);
  }
});
