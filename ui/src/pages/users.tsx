import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api";
import type { User } from "../api-types";
import { nameOf } from "../components/account-block";
import { Badge } from "../components/badge";
import { type Column, ListTable } from "../components/list-table";
import { Page } from "../components/page";
import { Problem } from "../components/problem";
import { RoleName, RoleWhy } from "../components/role";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { roleReasonInWords } from "../format/role";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh, useUsers } from "../queries";
import { ChangeRoleDialog } from "./change-role";

export function UsersPage() {
  const { me } = useShell();
  if (seesEveryone(me)) return <Users />;
  return (
    <Page title="Users">
      <section className="panel">
        <div className="empty">
          <p>Only administrators and viewers see the list of users.</p>
        </div>
      </section>
    </Page>
  );
}

function Users() {
  const { me } = useShell();
  const users = useUsers();
  const refresh = useRefresh();
  const toast = useToast();
  const [changing, setChanging] = useState<User | null>(null);
  const unlock = useMutation({
    mutationFn: (user: User) => api.changeUser(user.user_id, { role_locked: false }),
    onSuccess: (user) => {
      toast(`Unlocked ${nameOf(user)}: the provider decides at the next sign-in`);
      refresh("users", "me");
    },
  });
  const columns: Column<User>[] = [
    {
      id: "name",
      header: "User",
      sort: nameOf,
      cell: (user) => (
        <span className="stack">
          <span className="name">
            <strong>{nameOf(user)}</strong> {user.user_id === me.user_id && <Badge tone="accent">you</Badge>}{" "}
            {!user.is_active && <Badge tone="warn">inactive</Badge>}{" "}
            {user.is_break_glass && (
              <Badge title="A local account for the day that the provider is down">break-glass</Badge>
            )}
          </span>
          <span className="small muted">{secondLine(user)}</span>
        </span>
      ),
    },
    { id: "role", header: "Role", sort: (user) => user.role_label, cell: (user) => <RoleName of={user} /> },
    {
      id: "why",
      header: "Why",
      sort: (user) => roleReasonInWords(user.role_reason, user.role_locked),
      cell: (user) => <RoleWhy of={user} />,
    },
    {
      id: "login",
      header: "Last sign-in",
      sort: (user) => (user.last_login_at === null ? null : Date.parse(user.last_login_at)),
      cell: (user) => <Time at={user.last_login_at} />,
    },
    {
      id: "created",
      header: "Created",
      sort: (user) => Date.parse(user.created_at),
      cell: (user) => <Time at={user.created_at} />,
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
              aria-label={`Unlock ${nameOf(user)}`}
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
            aria-label={`Change role of ${nameOf(user)}`}
            onClick={() => setChanging(user)}
          >
            Change role
          </button>
        </span>
      ),
    });
  }
  return (
    <Page title="Users">
      {unlock.isError && <Problem error={unlock.error} />}
      <ListTable
        noun="user"
        query={users}
        columns={columns}
        rowKey={(user) => user.user_id}
        searchText={(user) =>
          [nameOf(user), user.username, user.email, user.user_id, user.role, user.role_label].join(" ")
        }
        filterHint="Filter by name or role"
        initialSort="name"
        dim={(user) => !user.is_active}
        empty={
          <div className="empty">
            <p>Nobody has signed in yet.</p>
          </div>
        }
      />
      {changing && <ChangeRoleDialog user={changing} onClose={() => setChanging(null)} />}
    </Page>
  );
}

/** What tells two people of the same name apart. */
function secondLine(user: User): string {
  const name = nameOf(user);
  return [user.email, user.username].find((text) => text && text !== name) ?? user.user_id;
}
