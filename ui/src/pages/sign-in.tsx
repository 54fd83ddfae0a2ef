import { Link } from "wouter";
import { Badge } from "../components/badge";
import { CreateButton, ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { None } from "../components/none";
import { type SignInProvider, signInProviders, useSignInProfiles } from "../directory/sign-in";
import { hostOf, ORIGINS } from "../format/sign-in";
import { NewSignInDialog } from "./sign-in-dialog";

const COLUMNS: Column<SignInProvider>[] = [
  {
    id: "name",
    header: "Provider",
    sort: signInProviders.nameOf,
    cell: (one) => <Link href={`/sign-in/${one.id}`}>{signInProviders.nameOf(one)}</Link>,
  },
  {
    id: "enabled",
    header: "State",
    sort: (one) => Number(one.is_enabled),
    cell: (one) => (
      <Badge tone={one.is_enabled ? "ok" : "quiet"}>{one.is_enabled ? "enabled" : "disabled"}</Badge>
    ),
  },
  { id: "profile", header: "Kind", sort: (one) => one.profile, cell: (one) => <Kind of={one} /> },
  {
    id: "origin",
    header: "Set in",
    sort: (one) => ORIGINS[one.origin],
    cell: (one) => ORIGINS[one.origin],
  },
  {
    id: "host",
    header: "Host",
    sort: hostOf,
    cell: (one) => (hostOf(one) ? <code className="name">{hostOf(one)}</code> : <None />),
  },
];

/** What the provider is made by. The gateway's own only resembles one that is known. */
export function Kind({ of }: { of: SignInProvider }) {
  const profiles = useSignInProfiles();
  if (of.origin === "embedded") return "Built in";
  return profiles.data?.find((one) => one.name === of.profile)?.label ?? of.profile;
}

export function SignInPage() {
  return (
    <ListPage
      kind={signInProviders}
      columns={COLUMNS}
      searchText={(one) => `${signInProviders.nameOf(one)} ${one.id} ${one.profile} ${hostOf(one) ?? ""}`}
      filterHint="Filter by name or host"
      dim={(one) => !one.is_enabled}
      create={(open) => <CreateButton label="Add a provider" onClick={open} />}
      dialog={(dialog) => <NewSignInDialog {...dialog} />}
    >
      <p className="scope">What people sign in through, and how it is decided who they are.</p>
    </ListPage>
  );
}
