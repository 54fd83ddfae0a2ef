import { useState } from "react";
import { Link, useLocation } from "wouter";
import { type Group, type GroupFields, groups } from "../authentik";
import { Badge, Chips } from "../components/badge";
import { CheckField } from "../components/controls";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { GroupChoice } from "../components/group-choice";
import { type Column, ListTable } from "../components/list-table";
import { Page } from "../components/page";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useDialogParam } from "../dialog-param";
import { useGroups } from "../directory-queries";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh } from "../queries";
import { OnlySome } from "./only-some";

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
    sort: (group) => group.parents_obj.map((one) => one.name).join(" "),
    cell: (group) => <Chips names={group.parents_obj.map((one) => one.name)} empty="none" />,
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
  const { me } = useShell();
  const [adding, setAdding] = useDialogParam("group");
  const [, go] = useLocation();
  if (!seesEveryone(me)) return <OnlySome title="Groups" what="the list of groups" />;
  const create = isAdmin(me) && (
    <button
      type="button"
      className="button button-primary"
      data-shortcut="new"
      onClick={() => setAdding(true)}
    >
      Create group
    </button>
  );
  return (
    <Page title="Groups" action={create}>
      <Groups />
      {adding && isAdmin(me) && (
        <GroupDialog onClose={() => setAdding(false)} onDone={(made) => go(`/groups/${made.pk}`)} />
      )}
    </Page>
  );
}

function Groups() {
  return (
    <ListTable
      noun="group"
      query={useGroups()}
      columns={COLUMNS}
      rowKey={(group) => group.pk}
      searchText={(group) => [group.name, ...group.parents_obj.map((one) => one.name)].join(" ")}
      filterHint="Filter by name or parent"
      initialSort="name"
      empty={
        <div className="empty">
          <p>There are no groups yet.</p>
        </div>
      }
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

export function GroupDialog({ group, onClose, onDone }: DialogProps) {
  const refresh = useRefresh();
  const toast = useToast();
  const [parents, setParents] = useState<readonly string[]>(group?.parents ?? []);
  const save = (data: FormData) => {
    const fields: GroupFields = {
      name: textOf(data, "name"),
      parents: [...parents],
      is_superuser: data.has("is_superuser"),
      requires_mfa: data.has("requires_mfa"),
    };
    return group ? groups.change(group.pk, fields) : groups.create(fields);
  };
  return (
    <FormDialog
      title={group ? `Edit ${group.name}` : "Create group"}
      act={group ? "Save" : "Create group"}
      known={["name", "parents"]}
      run={save}
      onDone={(saved) => {
        toast(group ? `Saved ${saved.name}` : `Created ${saved.name}`);
        refresh("groups", "users");
        onDone(saved);
      }}
      onClose={onClose}
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
    </FormDialog>
  );
}
