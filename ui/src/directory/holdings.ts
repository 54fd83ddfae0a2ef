import { request } from "../api";
import type { Application } from "./applications";
import type { PersonRef } from "./people";
import { at, kind, V3 } from "./resource";

/** What people hold: tokens, consents. Everybody has their own; administrators see all. */

export interface Token {
  pk: string;
  identifier: string;
  intent: "api" | "app_password";
  user: number;
  user_obj: PersonRef;
  description: string;
  expires: string | null;
  last_used: string | null;
  /** Its key waits to be shown, once. */
  key_unread: boolean;
}

export interface TokenFields {
  identifier: string;
  intent?: Token["intent"];
  user?: number;
  description: string;
  expiring: boolean;
  expires?: string;
}

const TOKENS = "/core/tokens/";

export const tokens = {
  ...kind<Token, TokenFields>(TOKENS, {
    kept: "tokens",
    noun: "token",
    title: "Tokens and App passwords",
    page: "/tokens",
    keyOf: (token) => token.identifier,
    nameOf: (token) => token.identifier,
    alsoIn: [],
  }),
  showKey: (identifier: string) => request<{ key: string }>("GET", `${at(TOKENS, identifier)}view_key/`),
};

export interface Consent {
  pk: number;
  expires: string | null;
  application: Application;
  /** Scopes, with blanks between. */
  permissions: string;
}

export const consents = {
  path: "/core/user_consent/",
  kept: "consents",
  revoke: (pk: number) => request<void>("DELETE", at("/core/user_consent/", pk)),
};

export interface LoggedEvent {
  pk: string;
  user: { username: string };
  action: string;
  context: {
    action: string;
    outcome: string;
    target: string | null;
    request_id: string | null;
    [more: string]: unknown;
  };
  client_ip: string | null;
  created: string;
}

export interface EventAction {
  name: string;
  component: string;
}

export const eventActions = (signal?: AbortSignal) =>
  request<EventAction[]>("GET", `${V3}/events/events/actions/`, undefined, signal);
