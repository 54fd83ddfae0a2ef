import type { Role, RoleReason } from "../api-types";

export const ROLES: readonly { role: Role; label: string; allows: string }[] = [
  { role: "proxy_admin", label: "Admin", allows: "Sees and changes everything." },
  { role: "proxy_admin_viewer", label: "Viewer", allows: "Sees everything, changes nothing." },
  { role: "internal_user", label: "Member", allows: "Creates and uses own keys." },
  { role: "internal_user_viewer", label: "Read-only member", allows: "Sees own keys and spend." },
];

/** Why somebody has their role, in words. */
export function roleReasonInWords(reason: RoleReason, locked: boolean): string {
  const claim = reason.claim ? `claim ${reason.claim}` : "the claim";
  switch (reason.rule) {
    case "claim":
      return reason.value === null ? claim : `${claim} = ${reason.value}`;
    case "group":
      return `group ${reason.value ?? ""} of ${claim}`;
    case "no_group":
      return `default: no group of ${claim} gives a role`;
    case "proxy_admin_id":
      return "named by PROXY_ADMIN_ID";
    case "default":
      return reason.claim ? `default: the claim ${reason.claim} was absent` : "default: nothing gave another";
    case "unknown_value":
      return `default: ${claim}${reason.value === null ? "" : ` = ${reason.value}`} names no role`;
    case "manual":
      return locked ? "set by hand, locked" : "set by hand; the provider decides at the next sign-in";
    case "first_admin":
      return "first administrator, from the set-up";
    case "stored":
      return "stored: no role source is configured";
    case "master_key":
      return "the master key";
    case "break_glass":
      return "break-glass account: the provider does not decide";
    case "no_owner":
      return "a key that belongs to nobody";
    default:
      return reason.rule.replaceAll("_", " ");
  }
}
