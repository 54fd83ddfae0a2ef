import { QueryClient, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "./api";
import { asApiError } from "./api-error";
import type { Page } from "./api-types";
import { useToast } from "./components/toast";

const OVERVIEW_EVERY_MS = 30_000;
const WAITING_EVERY_MS = 2_000;

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // A refusal does not change by asking again; a hiccup may.
        retry: (failures, error) => {
          const { status } = asApiError(error);
          return failures < 1 && (status === 0 || status >= 500);
        },
      },
    },
  });
}

export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: ({ signal }) => api.me(signal), staleTime: 60_000 });
}

export function useUiInfo() {
  return useQuery({ queryKey: ["ui"], queryFn: ({ signal }) => api.ui(signal), staleTime: Infinity });
}

export function useSecurity() {
  return useQuery({ queryKey: ["security"], queryFn: ({ signal }) => api.security(signal) });
}

/** How messages leave; administrators and viewers see it. */
export function useMail() {
  return useQuery({ queryKey: ["mail"], queryFn: ({ signal }) => api.mail(signal) });
}

export function useOwnEmail() {
  return useQuery({ queryKey: ["own-email"], queryFn: ({ signal }) => api.ownEmail(signal) });
}

export function useOverview() {
  return useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => api.overview(signal),
    refetchInterval: (query) =>
      query.state.data?.first_request_done === false ? WAITING_EVERY_MS : OVERVIEW_EVERY_MS,
  });
}

export function useList<T>(
  key: string | readonly unknown[],
  fetchPage: (cursor: string | null, signal?: AbortSignal) => Promise<Page<T>>,
) {
  return useInfiniteQuery({
    queryKey: typeof key === "string" ? [key] : key,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    select: (data) => data.pages.flatMap((page) => page.items),
  });
}

export type ListQuery<T> = ReturnType<typeof useList<T>>;

export const useKeys = () => useList("keys", api.keys);
export const useModels = () => useList("models", api.models);
export const useSessions = () => useList("sessions", api.sessions);

/** Everybody's; `wanted` are the words that the API filters by. */
export const useEverySession = (wanted: Record<string, string>) =>
  useList(["sessions", "of", wanted], api.sessionsOf(wanted));

/** Fetches the named lists anew, after something changed them. */
export function useRefresh() {
  const client = useQueryClient();
  return (...keys: string[]) => Promise.all(keys.map((key) => client.invalidateQueries({ queryKey: [key] })));
}

/** Says what was done, and fetches anew whatever shows something of it. */
export function useDone({ kept, alsoIn }: { kept: string; alsoIn: readonly string[] }) {
  const toast = useToast();
  const refresh = useRefresh();
  return (text: string) => {
    toast(text);
    return refresh(kept, ...alsoIn);
  };
}
