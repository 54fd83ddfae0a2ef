import { expect, test } from "vitest";
import { roleReasonInWords } from "../src/format/role";

const reason = (rule: string, claim: string | null = null, value: string | null = null) => ({
  rule,
  claim,
  value,
  warning: null,
});

test.each([
  [reason("claim", "litellm_role", "proxy_admin"), "claim litellm_role = proxy_admin"],
  [reason("group", "groups", "staff"), "group staff of claim groups"],
  [reason("no_group", "groups", "others"), "default: no group of claim groups gives a role"],
  [reason("proxy_admin_id"), "named by PROXY_ADMIN_ID"],
  [reason("default"), "default: nothing gave another"],
  [reason("default", "litellm_role"), "default: the claim litellm_role was absent"],
  [reason("unknown_value", "litellm_role", "boss"), "default: claim litellm_role = boss names no role"],
  [reason("first_admin"), "first administrator, from the set-up"],
  [reason("stored"), "stored: no role source is configured"],
  [reason("master_key"), "the master key"],
  [reason("break_glass"), "break-glass account: the provider does not decide"],
  [reason("a_new_rule"), "a new rule"],
])("%o", (given, words) => expect(roleReasonInWords(given, false)).toBe(words));

test("a role set by hand says whether the lock still holds", () => {
  expect(roleReasonInWords(reason("manual"), true)).toBe("set by hand, locked");
  expect(roleReasonInWords(reason("manual"), false)).toBe(
    "set by hand; the provider decides at the next sign-in",
  );
});
