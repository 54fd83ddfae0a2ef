import { request } from "../api";
import type { Role, RoleReason } from "../api-types";
import { personName } from "../format/person";
import { at, kind, V3 } from "./resource";

export interface GroupRef {
  pk: string;
  name: string;
  is_superuser: boolean;
}

export interface PersonRef {
  pk: number;
  username: string;
  name: string;
  email: string;
  is_active: boolean;
}

export interface Person extends PersonRef {
  user_id: string;
  email_verified: boolean;
  type: "internal" | "external" | "service_account" | "internal_service_account";
  groups: string[];
  groups_obj: GroupRef[];
  is_superuser: boolean;
  is_break_glass: boolean;
  role: Role;
  role_label: string;
  role_reason: RoleReason;
  role_locked: boolean;
  last_login: string | null;
  date_joined: string;
  password_change_date: string;
}

export interface PersonFields {
  username?: string;
  name?: string;
  email?: string;
  email_verified?: boolean;
  is_active?: boolean;
  groups?: string[];
}

const PEOPLE = "/core/users/";
const PROGRAMS = ["service_account", "internal_service_account"];
const one = { keyOf: (person: Person) => person.pk, nameOf: personName, alsoIn: ["groups", "me"] };

export const people = {
  ...kind<Person, PersonFields>(
    PEOPLE,
    { ...one, kept: "users", noun: "user", title: "Users", page: "/users" },
    { type: ["internal", "external"] },
  ),
  myself: async (signal?: AbortSignal) =>
    (await request<{ user: Person }>("GET", `${V3}${PEOPLE}me/`, undefined, signal)).user,
  setPassword: (pk: number, password: string) =>
    request<void>("POST", `${at(PEOPLE, pk)}set_password/`, { password }),
  recovery: (pk: number) =>
    request<{ link: string }>("POST", `${at(PEOPLE, pk)}recovery/`, { token_duration: "days=1" }),
  sendRecovery: (pk: number) =>
    request<void>("POST", `${at(PEOPLE, pk)}recovery_email/`, { token_duration: "days=1" }),
};

export const isProgram = (person: Pick<Person, "type">) => PROGRAMS.includes(person.type);

/** A service account never signs in, so nobody tells it a role: its groups decide, unless one was set. */
export const administers = (account: Person) =>
  account.role_locked
    ? account.role === "proxy_admin"
    : account.groups_obj.some((group) => group.is_superuser || group.name === "admins");

export interface ServiceAccountFields {
  name: string;
  create_group: boolean;
  expiring: boolean;
  expires?: string;
}

/** `token` is answered this once. */
export interface MadeServiceAccount {
  username: string;
  token: string;
  user_pk: number;
}

export const serviceAccounts = {
  ...kind<Person, PersonFields>(
    PEOPLE,
    {
      ...one,
      kept: "users",
      noun: "service account",
      title: "Service accounts",
      page: "/service-accounts",
    },
    { type: PROGRAMS },
  ),
  make: (fields: ServiceAccountFields) =>
    request<MadeServiceAccount>("POST", `${V3}${PEOPLE}service_account/`, fields),
};

export interface Group extends GroupRef {
  parents: string[];
  parents_obj: GroupRef[];
  children_obj: GroupRef[];
  users: number[];
  users_obj: PersonRef[];
  requires_mfa: boolean;
}

export interface GroupFields {
  name?: string;
  parents?: string[];
  is_superuser?: boolean;
  requires_mfa?: boolean;
}

const GROUPS = "/core/groups/";

export const groups = {
  ...kind<Group, GroupFields>(GROUPS, {
    kept: "groups",
    noun: "group",
    title: "Groups",
    page: "/groups",
    keyOf: (group) => group.pk,
    nameOf: (group) => group.name,
    alsoIn: ["users"],
  }),
  addMember: (pk: string, user: number) => request<void>("POST", `${at(GROUPS, pk)}add_user/`, { pk: user }),
  removeMember: (pk: string, user: number) =>
    request<void>("POST", `${at(GROUPS, pk)}remove_user/`, { pk: user }),
};

export interface Invitation {
  pk: string;
  name: string;
  expires: string;
  fixed_data: Record<string, unknown>;
  created_by: PersonRef;
  single_use: boolean;
  groups: string[];
  used_at: string | null;
  /** In the answer to the request that made it alone. */
  link: string | null;
}

export interface InvitationFields {
  name: string;
  expires: string;
  fixed_data: Record<string, unknown>;
  single_use: boolean;
  groups: string[];
}

const INVITATIONS = "/stages/invitation/invitations/";

export const invitations = {
  ...kind<Invitation, InvitationFields>(INVITATIONS, {
    kept: "invitations",
    noun: "invitation",
    title: "Invitations",
    page: "/invitations",
    keyOf: (invitation) => invitation.pk,
    nameOf: (invitation) => invitation.name,
    alsoIn: [],
  }),
  /** Each address gets a message with a new link; the one before opens nothing any more. */
  send: (pk: string, addresses: readonly string[]) =>
    request<void>("POST", `${at(INVITATIONS, pk)}send_email/`, { email_addresses: addresses }),
};
