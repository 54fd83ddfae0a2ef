import { request } from "./api";

/** `/api/v1/idp`: what a person would get, before anything is saved. */

export interface Finding {
  level: "error" | "warning";
  code: string;
  message: string;
  line: number | null;
  column: number | null;
}

export interface Inspection {
  findings: Finding[];
  claims: string[];
  mended: string | null;
}

export interface PreviewRequest {
  user: number;
  application: string;
  scopes: string[] | null;
  draft: { expression: string; uuid?: string; name: string; scope_name: string; required: boolean };
}

export interface PreviewedMapping {
  uuid: string;
  name: string;
  scope_name: string;
  draft: boolean;
  requested: boolean;
  result: Record<string, unknown> | null;
  log: string[];
  events: Record<string, unknown>[];
  took_ms: number;
  problems: { code: string; cause: string; line: number | null; column: number | null }[];
}

export interface MissingClaim {
  claim: string;
  reason: string;
  mapping: string;
  scope: string;
  line: number | null;
}

export interface Previewed {
  scopes: string[];
  mappings: PreviewedMapping[];
  missing: MissingClaim[];
  refusal: string | null;
  access_token: Record<string, unknown> | null;
  id_token: Record<string, unknown> | null;
  userinfo: Record<string, unknown> | null;
}

export const inspectExpression = (expression: string) =>
  request<Inspection>("POST", "/api/v1/idp/expressions/inspect", { expression });

export const preview = (asked: PreviewRequest) => request<Previewed>("POST", "/api/v1/idp/preview", asked);

const REASONS: Readonly<Record<string, string>> = {
  scope_not_requested: "its scope was not asked for",
  mapping_not_attached: "the mapping is not among the provider's scopes",
  returned_none: "the expression returned nothing",
  not_returned: "the expression returned other claims",
  null: "its value is null",
  error: "the expression failed",
  stopped: "the expression was stopped at a limit",
  syntax: "the expression does not parse",
  refused: "the expression uses what is not allowed",
  not_a_dict: "the expression did not return a dictionary",
  not_json: "the value cannot be written as JSON",
  too_large: "the result is too large",
  protocol_claim: "the protocol sets this claim itself",
};

/** Why a claim is missing, in words. */
export function reasonInWords({ reason, line }: { reason: string; line: number | null }): string {
  const words = REASONS[reason] ?? reason.replaceAll("_", " ");
  return line === null ? words : `${words}, at line ${line}`;
}
