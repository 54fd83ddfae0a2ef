import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api } from "../api";
import type { Person } from "../authentik";
import { Badge, Chips } from "../components/badge";
import { type Column, ListTable } from "../components/list-table";
import { Page } from "../components/page";
import { Problem } from "../components/problem";
import { RoleName, RoleWhy } from "../components/role";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useDialogParam } from "../dialog-param";
import { usePeople } from "../directory-queries";
import { personName, personNote } from "../format/person";
import { roleReasonInWords } from "../format/role";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh } from "../queries";
import { AddUserDialog } from "./add-user";
import { ChangeRoleDialog } from "./change-role";
import { OnlySome } from "./only-some";

export function UsersPage() {
  const { me } = useShell();
  if (seesEveryone(me)) return <Users />;
  return <OnlySome title="Users" what="the list of users" />;
}

function Users() {
  const { me } = useShell();
  const users = usePeople();
  const [adding, setAdding] = useDialogParam("user");
  const refresh = useRefresh();
  const toast = useToast();
  const [changing, setChanging] = useState<Person | null>(null);
  const unlock = useMutation({
    mutationFn: (user: Person) => api.changeUser(user.user_id, { role_locked: false }),
    onSuccess: (_, user) => {
      toast(`Unlocked ${personName(user)}: the provider decides at the next sign-in`);
      refresh("users", "me");
    },
  });
  const columns: Column<Person>[] = [
    {
      id: "name",
      header: "User",
      sort: personName,
      cell: (user) => (
        <span className="stack">
          <span className="name">
            <Link href={`/users/${user.pk}`}>{personName(user)}</Link>{" "}
            {user.user_id === me.user_id && <Badge tone="accent">you</Badge>}{" "}
            {!user.is_active && <Badge tone="warn">inactive</Badge>}{" "}
            {user.is_break_glass && (
              <Badge title="A local account for the day that the provider is down">break-glass</Badge>
            )}
          </span>
          <span className="small muted">{personNote(user)}</span>
        </span>
      ),
    },
    { id: "role", header: "Role", sort: (user) => user.role_label, cell: (user) => <RoleName of={user} /> },
    {
      id: "groups",
      header: "Groups",
      sort: (user) => groupsOf(user).join(" "),
      cell: (user) => <Chips names={groupsOf(user)} empty="none" />,
    },
    {
      id: "why",
      header: "Why",
      sort: (user) => roleReasonInWords(user.role_reason, user.role_locked),
      cell: (user) => <RoleWhy of={user} />,
    },
    {
      id: "login",
      header: "Last sign-in",
      sort: (user) => (user.last_login === null ? null : Date.parse(user.last_login)),
      cell: (user) => <Time at={user.last_login} />,
    },
    {
      id: "created",
      header: "Created",
      sort: (user) => Date.parse(user.date_joined),
      cell: (user) => <Time at={user.date_joined} />,
    },
  ];
  if (isAdmin(me)) {
    columns.push({
      id: "acts",
      header: "Actions",
      bare: true,
      cell: (user) => (
        <span className="acts">
          {user.role_locked && (
            <button
              type="button"
              className="button button-quiet"
              aria-label={`Unlock ${personName(user)}`}
              title="Give the role back to the sign-in provider"
              disabled={unlock.isPending}
              onClick={() => unlock.mutate(user)}
            >
              Unlock
            </button>
          )}
          <button
            type="button"
            className="button button-quiet"
            aria-label={`Change role of ${personName(user)}`}
            onClick={() => setChanging(user)}
          >
            Change role
          </button>
        </span>
      ),
    });
  }
  const add = isAdmin(me) && (
    <button
      type="button"
      className="button button-primary"
      data-shortcut="new"
      onClick={() => setAdding(true)}
    >
      Add user
    </button>
  );
  return (
    <Page title="Users" action={add}>
      {unlock.isError && <Problem error={unlock.error} />}
      <ListTable
        noun="user"
        query={users}
        columns={columns}
        rowKey={(user) => String(user.pk)}
        searchText={(user) =>
          [
            personName(user),
            user.username,
            user.email,
            user.user_id,
            user.role,
            user.role_label,
            ...groupsOf(user),
          ].join(" ")
        }
        filterHint="Filter by name, group or role"
        initialSort="name"
        dim={(user) => !user.is_active}
        empty={
          <div className="empty">
            <p>Nobody has signed in yet.</p>
          </div>
        }
      />
      {adding && isAdmin(me) && <AddUserDialog onClose={() => setAdding(false)} />}
      {changing && <ChangeRoleDialog user={changing} onClose={() => setChanging(null)} />}
    </Page>
  );
}

const groupsOf = (user: Person) => user.groups_obj.map((group) => group.name).toSorted();
