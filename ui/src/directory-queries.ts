import { keepPreviousData, useQuery } from "@tanstack/react-query";
import {
  type Application,
  applications,
  type Binding,
  bindings,
  eventActions,
  everyOf,
  type Flow,
  type Group,
  groups,
  type LoggedEvent,
  listOf,
  type PersonRef,
  type Provider,
  people,
  providers,
  type ScopeMapping,
  type SigningKey,
  scopeMappings,
  search,
} from "./authentik";
import { useList } from "./queries";

export const usePeople = () => useList("users", people.list);
export const useGroups = () => useList("groups", groups.list);

export function usePerson(pk: number) {
  return useQuery({ queryKey: ["users", "one", pk], queryFn: ({ signal }) => people.get(pk, signal) });
}

export function useGroup(pk: string) {
  return useQuery({ queryKey: ["groups", "one", pk], queryFn: ({ signal }) => groups.get(pk, signal) });
}

/** All groups, to choose from. */
export function useEveryGroup() {
  return useQuery({
    queryKey: ["groups", "every"],
    queryFn: ({ signal }) => everyOf<Group>(groups.path, { ordering: "name" }, signal),
  });
}

/** The first people whose names or addresses have these words. */
export function useFoundPeople(words: string) {
  return useQuery({
    queryKey: ["users", "found", words],
    queryFn: ({ signal }) => search<PersonRef>(people.path, words, signal),
    placeholderData: keepPreviousData,
  });
}

export const useScopeMappings = () => useList("mappings", scopeMappings.list);
export const useProviders = () => useList("providers", providers.list);
export const useApplications = () => useList("applications", applications.list);

export function useScopeMapping(pk: string) {
  return useQuery({
    queryKey: ["mappings", "one", pk],
    queryFn: ({ signal }) => scopeMappings.get(pk, signal),
  });
}

export function useMappingUse(pk: string) {
  return useQuery({
    queryKey: ["mappings", "use", pk],
    queryFn: ({ signal }) => scopeMappings.usedBy(pk, signal),
  });
}

/** All scope mappings, to choose from. */
export function useEveryMapping() {
  return useQuery({
    queryKey: ["mappings", "every"],
    queryFn: ({ signal }) =>
      everyOf<ScopeMapping>(scopeMappings.path, { ordering: "scope_name,name" }, signal),
  });
}

export function useProvider(pk: number) {
  return useQuery({ queryKey: ["providers", "one", pk], queryFn: ({ signal }) => providers.get(pk, signal) });
}

export function useSetupUrls(pk: number) {
  return useQuery({
    queryKey: ["providers", "urls", pk],
    queryFn: ({ signal }) => providers.setupUrls(pk, signal),
  });
}

/** All providers, to choose from. */
export function useEveryProvider() {
  return useQuery({
    queryKey: ["providers", "every"],
    queryFn: ({ signal }) => everyOf<Provider>(providers.path, { ordering: "name" }, signal),
  });
}

/** What a provider's form offers: ways to ask for consent, and keys to sign with. */
export function useProviderChoices() {
  return useQuery({
    queryKey: ["provider-choices"],
    queryFn: async ({ signal }) => ({
      flows: await everyOf<Flow>("/flows/instances/", { designation: "authorization" }, signal),
      keys: await everyOf<SigningKey>("/crypto/certificatekeypairs/", {}, signal),
    }),
  });
}

export function useApplication(slug: string) {
  return useQuery({
    queryKey: ["applications", "one", slug],
    queryFn: ({ signal }) => applications.get(slug, signal),
  });
}

/** All applications, to choose from. */
export function useEveryApplication() {
  return useQuery({
    queryKey: ["applications", "every"],
    queryFn: ({ signal }) => everyOf<Application>(applications.path, { ordering: "name" }, signal),
  });
}

/** The applications that this person may use. */
export function useMyApplications() {
  return useQuery({
    queryKey: ["applications", "mine"],
    queryFn: ({ signal }) =>
      everyOf<Application>(
        applications.path,
        { superuser_full_list: "false", only_with_launch_url: "true", ordering: "name" },
        signal,
      ),
  });
}

/** Who may use an application. */
export function useBindings(target: string) {
  return useQuery({
    queryKey: ["bindings", target],
    queryFn: ({ signal }) => everyOf<Binding>(bindings.path, { target }, signal),
  });
}

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
