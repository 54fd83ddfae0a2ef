import { request } from "../api";
import type { Page } from "../api-types";
import type { Listed } from "./resource";

/** A credential with which clients register themselves at an application's provider. */
export interface RegistrationToken {
  id: string;
  name: string;
  application: string;
  groups: string[];
  uses: number;
  most_uses: number;
  created_at: string;
  created_by: string;
  expires_at: string;
  last_used_at: string | null;
  status: "active" | "used_up" | "expired" | "revoked";
}

/** `application` is a slug, `groups` are names; without groups only members of admins may use what registers. */
export interface RegistrationTokenFields {
  name: string;
  application: string;
  groups: string[];
  expires_in: string;
  uses: number;
}

export type MadeRegistrationToken = RegistrationToken & { token: string };

const PATH = "/api/v1/idp/registration-tokens";
const PAGE_SIZE = 200;

const listed: Listed<RegistrationToken> = {
  kept: "registration-tokens",
  noun: "registration token",
  title: "Registration tokens",
  page: "/registration-tokens",
  keyOf: (token) => token.id,
  nameOf: (token) => token.name,
  alsoIn: [],
  list: (cursor: string | null, signal?: AbortSignal) => {
    const asked = new URLSearchParams({ limit: String(PAGE_SIZE), ...(cursor ? { cursor } : {}) });
    return request<Page<RegistrationToken>>("GET", `${PATH}?${asked}`, undefined, signal);
  },
};

export const registrationTokens = {
  ...listed,
  create: (fields: RegistrationTokenFields) => request<MadeRegistrationToken>("POST", PATH, fields),
  remove: (id: string) => request<void>("DELETE", `${PATH}/${encodeURIComponent(id)}`),
};
