import type { Problem } from "./api-types";

/** An answer that is not a success, in words that can be shown. `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | null;
  readonly fields: Readonly<Record<string, string>>;
  readonly requestId: string | null;

  constructor(
    status: number,
    detail: string,
    extra: {
      code?: string;
      hint?: string | null;
      fields?: Record<string, string>;
      requestId?: string | null;
    } = {},
  ) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = extra.code ?? "unknown";
    this.hint = extra.hint ?? null;
    this.fields = extra.fields ?? {};
    this.requestId = extra.requestId ?? null;
  }
}

/** The error for a refused request. `body` is the parsed answer, or undefined when it was not JSON. */
export function errorFromAnswer(status: number, body: unknown, headerId: string | null = null): ApiError {
  const problem: Problem = typeof body === "object" && body !== null ? body : {};
  if (status === 400 && !problem.detail && !problem.title) {
    const found = fieldTexts(problem);
    if (found) return new ApiError(status, found.whole, { fields: found.fields, requestId: headerId });
  }
  const fields: Record<string, string> = {};
  for (const entry of Array.isArray(problem.errors) ? problem.errors : []) {
    // The first error of a field is the one to mend first.
    fields[entry.field] ??= entry.detail;
  }
  return new ApiError(status, problem.detail || problem.title || fallbackDetail(status), {
    code: problem.code ?? "unknown",
    hint:
      problem.hint ??
      (status >= 500 && !problem.detail ? "Try again. If it stays, look at the server's log." : null),
    fields,
    requestId: problem.request_id ?? headerId,
  });
}

const WHOLE = "non_field_errors";

/** `/api/v3` answers `{field: [texts]}`; null when the body is nothing like it. */
function fieldTexts(body: object): { fields: Record<string, string>; whole: string } | null {
  const entries = Object.entries(body).filter(
    (entry): entry is [string, string[]] =>
      Array.isArray(entry[1]) && entry[1].length > 0 && entry[1].every((text) => typeof text === "string"),
  );
  const [first] = entries;
  if (!first) return null;
  const fields = Object.fromEntries(
    entries.filter(([name]) => name !== WHOLE).map(([name, texts]) => [name, texts.join(" ")]),
  );
  const [name, texts] = first;
  return { fields, whole: name === WHOLE ? texts.join(" ") : `${name}: ${texts.join(" ")}` };
}

/** What is wrong with one field, found before anything is sent. */
export const refused = (field: string, text: string) =>
  new ApiError(400, text, { code: "invalid", fields: { [field]: text } });

export function unreachable(): ApiError {
  return new ApiError(0, "Gatewright could not be reached.", {
    code: "unreachable",
    hint: "Check that the server runs and that this machine is online.",
  });
}

/** Whatever was thrown, as something to show. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError(
    0,
    thrown instanceof Error && thrown.message ? thrown.message : "Something went wrong.",
  );
}

/** What `ApiError` has to say about one form field, or about the form as a whole when no field is to blame. */
export function formErrors(thrown: unknown, known: readonly string[]): FormErrors {
  if (!thrown) return { fields: {}, whole: null };
  const error = asApiError(thrown);
  const fields = Object.fromEntries(Object.entries(error.fields).filter(([name]) => known.includes(name)));
  const names = Object.keys(fields);
  const [only] = names;
  // The hint says how to mend the one field that is named; among several it would be nobody's.
  if (only !== undefined && names.length === 1 && error.hint) fields[only] = `${fields[only]} ${error.hint}`;
  return { fields, whole: names.length > 0 ? null : error };
}

export interface FormErrors {
  fields: Record<string, string>;
  whole: ApiError | null;
}

function fallbackDetail(status: number): string {
  if (status === 403) return "Your role does not allow this.";
  if (status === 404) return "It does not exist, or you may not see it.";
  if (status === 429) return "Too many requests in a short time.";
  return `The server answered with status ${status}.`;
}
