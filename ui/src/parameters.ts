import { TEXTS } from "./providers";

/** A parameter as it is being typed. */
export interface Row {
  id: number;
  name: string;
  value: string;
}

/** Errors of rows, by their ids. */
export type RowErrors = Readonly<Record<number, string>>;

export function added(rows: readonly Row[], name = ""): Row[] {
  const id = Math.max(-1, ...rows.map((row) => row.id)) + 1;
  return [...rows, { id, name, value: "" }];
}

/** A row for each name; of the other rows those that somebody wrote into. */
export function suggested(rows: readonly Row[], names: readonly string[]): Row[] {
  const kept = rows.filter((row) => row.value.trim() !== "" || names.includes(row.name));
  const missing = names.filter((name) => !kept.some((row) => row.name.trim() === name));
  return missing.reduce(added, kept);
}

/** What to send. Rows without a value say nothing. */
export function readRows(rows: readonly Row[]): { params: Record<string, unknown>; errors: RowErrors } {
  const params = new Map<string, unknown>();
  const errors: Record<number, string> = {};
  for (const row of rows) {
    const name = row.name.trim();
    const value = row.value.trim();
    if (value === "") continue;
    if (name === "") errors[row.id] = "Its name is missing.";
    else if (params.has(name)) errors[row.id] = `${name} is there twice.`;
    else params.set(name, meant(name, value));
  }
  return { params: Object.fromEntries(params), errors };
}

/** JSON where it is JSON, so that `0.2` is a number and `{...}` an object; everything else is text. */
function meant(name: string, text: string): unknown {
  if (TEXTS.has(name)) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const rounded = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return value === null || rounded ? text : value;
}

/** The row that a field of the server's answer speaks of: `params.tags[0]` is the row `tags`. */
export function rowAt(field: string, rows: readonly Row[]): Row | undefined {
  return rows.find((row) => {
    const place = `params.${row.name.trim()}`;
    return field === place || field.startsWith(`${place}.`) || field.startsWith(`${place}[`);
  });
}
