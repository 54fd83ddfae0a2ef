import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useList } from "../queries";
import {
  type Application,
  applications,
  type Binding,
  bindings,
  type Certificate,
  type Flow,
  providers,
  type ScopeMapping,
  scopeMappings,
} from "./applications";
import { eventActions, type LoggedEvent } from "./holdings";
import { type PersonRef, people } from "./people";
import { everyOf, type Kind, type Listed, listOf, type Query, search } from "./resource";

/** The pages of a kind's list. */
export const useAll = <T>(kind: Listed<T>) => useList([kind.kept, "list", kind.title], kind.list);

export function useOne<T, F>(kind: Kind<T, F>, key: string | number) {
  return useQuery({
    queryKey: [kind.kept, "one", String(key)],
    queryFn: ({ signal }) => kind.get(key, signal),
  });
}

/** All of them that the query asks for, to choose from or because they are few. */
export function useEvery<T>(of: { path: string; kept: string }, query: Query = {}) {
  return useQuery({
    queryKey: [of.kept, "every", query],
    queryFn: ({ signal }) => everyOf<T>(of.path, query, signal),
  });
}

/** Whoever is signed in, as the directory knows them. */
export function useMyself() {
  return useQuery({ queryKey: ["users", "myself"], queryFn: ({ signal }) => people.myself(signal) });
}

/** The first people whose names or addresses have these words. */
export function useFoundPeople(words: string) {
  return useQuery({
    queryKey: ["users", "found", words],
    queryFn: ({ signal }) => search<PersonRef>(people.path, words, signal),
    placeholderData: keepPreviousData,
  });
}

export function useMappingUse(pk: string) {
  return useQuery({
    queryKey: ["mappings", "use", pk],
    queryFn: ({ signal }) => scopeMappings.usedBy(pk, signal),
  });
}

export function useSetupUrls(pk: number) {
  return useQuery({
    queryKey: ["providers", "urls", pk],
    queryFn: ({ signal }) => providers.setupUrls(pk, signal),
  });
}

/** What a provider is put together from: ways to ask for consent, keys to sign with, scope mappings. */
export function useProviderParts() {
  return useQuery({
    queryKey: ["mappings", "parts"],
    queryFn: async ({ signal }) => {
      const [flows, keys, mappings] = await Promise.all([
        everyOf<Flow>("/flows/instances/", { designation: "authorization" }, signal),
        everyOf<Certificate>("/crypto/certificatekeypairs/", {}, signal),
        everyOf<ScopeMapping>(scopeMappings.path, { ordering: "scope_name,name" }, signal),
      ]);
      return { flows, keys, mappings };
    },
  });
}

/** The applications that this person may use. */
export const useMyApplications = () =>
  useEvery<Application>(applications, {
    superuser_full_list: "false",
    only_with_launch_url: "true",
    ordering: "name",
  });

/** Who may use an application, or has an entitlement. */
export const useBindings = (target: string) => useEvery<Binding>(bindings, { target });

/** What happened, newest first. An empty text asks for everything. */
export const useEvents = (action: string, actor: string) =>
  useList(
    ["events", action, actor],
    listOf<LoggedEvent>("/events/events/", {
      ordering: "-created",
      ...(action ? { action } : {}),
      ...(actor ? { username: actor } : {}),
    }),
  );

export function useEventActions() {
  return useQuery({
    queryKey: ["event-actions"],
    queryFn: ({ signal }) => eventActions(signal),
    staleTime: Infinity,
  });
}
