import { request } from "../api";
import type { Page } from "../api-types";

/** `/api/v3`: the directory in Authentik's member names, by hand. Times are ISO 8601 in UTC. */
export const V3 = "/api/v3";

interface Paged<T> {
  pagination: { next: number; count: number };
  results: T[];
}

export type Query = Readonly<Record<string, string | readonly string[]>>;

const PAGE_SIZE = 100;
const FOUND = 10;

function asked(query: Query): URLSearchParams {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of typeof value === "string" ? [value] : value) found.append(name, one);
  }
  return found;
}

const fetched = <T>(path: string, query: Query, signal?: AbortSignal) =>
  request<Paged<T>>("GET", `${V3}${path}?${asked(query)}`, undefined, signal);

/** One page of a list; its cursor is the number of the page. */
export function listOf<T>(path: string, query: Query = {}) {
  return async (cursor: string | null, signal?: AbortSignal): Promise<Page<T>> => {
    const { pagination, results } = await fetched<T>(
      path,
      { ...query, page: cursor ?? "1", page_size: String(PAGE_SIZE) },
      signal,
    );
    return { items: results, next_cursor: pagination.next > 0 ? String(pagination.next) : null };
  };
}

/** Every object of a list that is short by nature. */
export async function everyOf<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T[]> {
  const page = listOf<T>(path, query);
  const found: T[] = [];
  let cursor: string | null = null;
  do {
    const next: Page<T> = await page(cursor, signal);
    found.push(...next.items);
    cursor = next.next_cursor;
  } while (cursor !== null);
  return found;
}

/** The first few objects that a search finds. */
export const search = async <T>(path: string, words: string, signal?: AbortSignal): Promise<T[]> =>
  (await fetched<T>(path, { search: words, page_size: String(FOUND) }, signal)).results;

export const at = (path: string, key: string | number) => `${V3}${path}${encodeURIComponent(key)}/`;

/** What can be done with every kind of object. `T` is the object, `F` the fields that are sent. */
export interface Resource<T, F> {
  path: string;
  list: (cursor: string | null, signal?: AbortSignal) => Promise<Page<T>>;
  get: (key: string | number, signal?: AbortSignal) => Promise<T>;
  create: (fields: F) => Promise<T>;
  change: (key: string | number, fields: Partial<F>) => Promise<T>;
  remove: (key: string | number) => Promise<void>;
}

/** What the dashboard has to know of a kind to list it, show one, and let one be made, changed and deleted. */
export interface Words<T> {
  /** What is fetched of this kind is kept under this name. */
  kept: string;
  noun: string;
  title: string;
  /** The address of the list; below it, by its key, that of one object. */
  page: string;
  keyOf: (one: T) => string | number;
  nameOf: (one: T) => string;
  /** What else shows something of it, by the name under which that is kept. */
  alsoIn: readonly string[];
}

/** What a page that lists a kind needs of it. */
export type Listed<T> = Words<T> & Pick<Resource<T, unknown>, "list">;

export type Kind<T, F> = Resource<T, F> & Words<T>;

export function kind<T, F>(path: string, words: Words<T>, query: Query = {}): Kind<T, F> {
  return {
    ...words,
    path,
    list: listOf<T>(path, query),
    get: (key, signal) => request<T>("GET", at(path, key), undefined, signal),
    create: (fields) => request<T>("POST", `${V3}${path}`, fields),
    change: (key, fields) => request<T>("PATCH", at(path, key), fields),
    remove: (key) => request<void>("DELETE", at(path, key)),
  };
}
