import { useState } from "react";
import { Link, useLocation } from "wouter";
import { Badge, Chips } from "../components/badge";
import { CheckField } from "../components/controls";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { Segmented } from "../components/segmented";
import { ShownOnce } from "../components/shown-once";
import { Time } from "../components/time";
import { administers, type MadeServiceAccount, type Person, serviceAccounts } from "../directory/people";
import { endOf, LIVES_AND_NEVER, type Life } from "../format/life";
import { useDone } from "../queries";

const groupsOf = (account: Person) => account.groups_obj.map((group) => group.name);

const COLUMNS: Column<Person>[] = [
  {
    id: "name",
    header: "Service account",
    sort: (account) => account.username,
    cell: (account) => (
      <span className="name">
        <Link href={`/service-accounts/${account.pk}`}>{account.username}</Link>{" "}
        {administers(account) && <Badge tone="accent">administers</Badge>}{" "}
        {!account.is_active && <Badge tone="warn">inactive</Badge>}
      </span>
    ),
  },
  {
    id: "groups",
    header: "Groups",
    sort: (account) => groupsOf(account).join(" "),
    cell: (account) => <Chips names={groupsOf(account)} empty="none" />,
  },
  {
    id: "created",
    header: "Created",
    sort: (account) => Date.parse(account.date_joined),
    cell: (account) => <Time at={account.date_joined} />,
  },
];

export function ServiceAccountsPage() {
  return (
    <ListPage
      kind={serviceAccounts}
      columns={COLUMNS}
      searchText={(account) => [account.username, ...groupsOf(account)].join(" ")}
      filterHint="Filter by name or group"
      dim={(account) => !account.is_active}
      dialog={({ onClose }) => <ServiceAccountDialog onClose={onClose} />}
    />
  );
}

function ServiceAccountDialog({ onClose }: { onClose: () => void }) {
  const [, go] = useLocation();
  const done = useDone(serviceAccounts);
  const [life, setLife] = useState<Life>("365");
  const [made, setMade] = useState<MadeServiceAccount | null>(null);
  if (made) {
    const leave = () => go(`${serviceAccounts.page}/${made.user_pk}`);
    return (
      <ShownOnce title="Copy the app password now" label="App password" secret={made.token} onClose={leave}>
        <p>
          It belongs to <strong>{made.username}</strong>, and nobody can show it again. To call /api/v3, make
          an API token on the account's page.
        </p>
      </ShownOnce>
    );
  }
  const make = (data: FormData) => {
    const expires = endOf(life, Date.now());
    return serviceAccounts.make({
      name: textOf(data, "name"),
      create_group: data.has("create_group"),
      expiring: expires !== undefined,
      ...(expires ? { expires } : {}),
    });
  };
  return (
    <FormDialog
      title="Create service account"
      act="Create"
      known={["name", "username", "expires"]}
      run={make}
      onDone={(account) => {
        done(`Created ${account.username}`);
        setMade(account);
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <Field
            name="name"
            label="Name"
            hint="What the program signs in as. It cannot be changed."
            placeholder="nightly-backup"
            required
            data-autofocus
            error={errors.name ?? errors.username}
          />
          <CheckField
            name="create_group"
            label="Create a group for it"
            hint="A group of the same name with the account in it, to bind to applications."
          />
          <Segmented
            field
            legend="Its password expires after"
            options={LIVES_AND_NEVER}
            value={life}
            onChange={setLife}
            error={errors.expires}
          />
        </>
      )}
    </FormDialog>
  );
}
