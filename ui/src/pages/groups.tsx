import { useState } from "react";
import { Link } from "wouter";
import { Badge, Chips } from "../components/badge";
import { CheckField } from "../components/controls";
import { Field } from "../components/field";
import { textOf } from "../components/form-dialog";
import { GroupChoice } from "../components/group-choice";
import { ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { ObjectDialog } from "../components/object-dialog";
import { type Group, groups } from "../directory/people";

const parentsOf = (group: Group) => group.parents_obj.map((one) => one.name);

const COLUMNS: Column<Group>[] = [
  {
    id: "name",
    header: "Group",
    sort: (group) => group.name,
    cell: (group) => (
      <span className="name">
        <Link href={`/groups/${group.pk}`}>{group.name}</Link> <Marks group={group} />
      </span>
    ),
  },
  {
    id: "parents",
    header: "Parents",
    sort: (group) => parentsOf(group).join(" "),
    cell: (group) => <Chips names={parentsOf(group)} empty="none" />,
  },
  {
    id: "members",
    header: "Members",
    numeric: true,
    sort: (group) => group.users.length,
    cell: (group) => group.users.length,
  },
];

export function GroupsPage() {
  return (
    <ListPage
      kind={groups}
      columns={COLUMNS}
      searchText={(group) => [group.name, ...parentsOf(group)].join(" ")}
      filterHint="Filter by name or parent"
      dialog={(dialog) => <GroupDialog {...dialog} />}
    />
  );
}

export function Marks({ group }: { group: Group }) {
  return (
    <>
      {group.is_superuser && <Badge tone="accent">superuser</Badge>}{" "}
      {group.requires_mfa && <Badge tone="ok">second factor</Badge>}
    </>
  );
}

interface DialogProps {
  /** Without one, a new group is made. */
  group?: Group;
  onClose: () => void;
  onDone: (group: Group) => void;
}

export function GroupDialog({ group, ...dialog }: DialogProps) {
  const [parents, setParents] = useState<readonly string[]>(group?.parents ?? []);
  return (
    <ObjectDialog
      {...dialog}
      kind={groups}
      object={group}
      known={["name", "parents"]}
      fields={(data) => ({
        name: textOf(data, "name"),
        parents: [...parents],
        is_superuser: data.has("is_superuser"),
        requires_mfa: data.has("requires_mfa"),
      })}
    >
      {(errors) => (
        <>
          <Field
            name="name"
            label="Name"
            data-autofocus
            required
            defaultValue={group?.name}
            error={errors.name}
          />
          <GroupChoice
            legend="Parents"
            hint="Whoever is in this group is in its parents too."
            chosen={parents}
            onChange={setParents}
            error={errors.parents}
            {...(group ? { without: group.pk } : {})}
          />
          <CheckField
            name="is_superuser"
            label="Superuser"
            hint="Expressions see is_superuser of its members. It gives no role in the gateway."
            defaultChecked={group?.is_superuser ?? false}
          />
          <CheckField
            name="requires_mfa"
            label="Requires a second factor"
            hint="Its members set one up at their next sign-in, and use it from then on."
            defaultChecked={group?.requires_mfa ?? false}
          />
        </>
      )}
    </ObjectDialog>
  );
}
