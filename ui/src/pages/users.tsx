import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api } from "../api";
import { Badge, Chips } from "../components/badge";
import { CreateButton, ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { Problem } from "../components/problem";
import { RoleName, RoleWhy } from "../components/role";
import { Time } from "../components/time";
import { useShell } from "../context";
import { type Person, people } from "../directory/people";
import { personName, personNote } from "../format/person";
import { roleReasonInWords } from "../format/role";
import { isAdmin } from "../permissions";
import { useDone } from "../queries";
import { AddUserDialog } from "./add-user";
import { ChangeRoleDialog } from "./change-role";

const groupsOf = (user: Person) => user.groups_obj.map((group) => group.name).toSorted();

const COLUMNS: Column<Person>[] = [
  {
    id: "name",
    header: "User",
    sort: personName,
    cell: (user) => <Named user={user} />,
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

export function UsersPage() {
  const { me } = useShell();
  const done = useDone(people);
  const [changing, setChanging] = useState<Person | null>(null);
  const unlock = useMutation({
    mutationFn: (user: Person) => api.changeUser(user.user_id, { role_locked: false }),
    onSuccess: (_, user) => {
      done(`Unlocked ${personName(user)}: the provider decides at the next sign-in`);
    },
  });
  const acts: Column<Person> = {
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
  };
  return (
    <ListPage
      kind={people}
      columns={isAdmin(me) ? [...COLUMNS, acts] : COLUMNS}
      searchText={(user) =>
        [
          user.name,
          user.username,
          user.email,
          user.user_id,
          user.role,
          user.role_label,
          ...groupsOf(user),
        ].join(" ")
      }
      filterHint="Filter by name, group or role"
      empty="Nobody has signed in yet."
      dim={(user) => !user.is_active}
      create={(open) => <CreateButton label="Add user" onClick={open} />}
      dialog={({ onClose }) => <AddUserDialog onClose={onClose} />}
    >
      {unlock.isError && <Problem error={unlock.error} />}
      {changing && <ChangeRoleDialog user={changing} onClose={() => setChanging(null)} />}
    </ListPage>
  );
}

function Named({ user }: { user: Person }) {
  const { me } = useShell();
  return (
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
  );
}
