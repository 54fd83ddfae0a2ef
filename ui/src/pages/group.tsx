import { useMutation } from "@tanstack/react-query";
import { useDeferredValue, useId, useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { type Group, groups, type PersonRef } from "../authentik";
import { Badge } from "../components/badge";
import { Confirm } from "../components/confirm";
import { Dialog } from "../components/dialog";
import { Fact } from "../components/fact";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { Problem } from "../components/problem";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useFoundPeople, useGroup } from "../directory-queries";
import { plural } from "../format/number";
import { personName, personNote } from "../format/person";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh } from "../queries";
import { GroupDialog, Marks } from "./groups";
import { OnlySome } from "./only-some";

const UP = { href: "/groups", label: "Groups" };

export function GroupPage() {
  const { me } = useShell();
  const { pk } = useParams();
  const group = useGroup(pk ?? "");
  if (!seesEveryone(me)) return <OnlySome title="Group" what="groups" />;
  if (group.data) return <Shown group={group.data} />;
  return (
    <Page title="Group" up={UP}>
      {group.isPending ? (
        <section className="panel">
          <Loading what="the group" rows={4} />
        </section>
      ) : (
        <Problem error={group.error} onRetry={() => group.refetch()} />
      )}
    </Page>
  );
}

function Shown({ group }: { group: Group }) {
  const { me } = useShell();
  const [, go] = useLocation();
  const refresh = useRefresh();
  const toast = useToast();
  const [open, setOpen] = useState<"edit" | "delete" | "add" | null>(null);
  const close = () => setOpen(null);
  return (
    <Page
      title={group.name}
      up={UP}
      action={
        isAdmin(me) && (
          <>
            <button type="button" className="button button-bad" onClick={() => setOpen("delete")}>
              Delete
            </button>
            <button type="button" className="button button-primary" onClick={() => setOpen("edit")}>
              Edit
            </button>
          </>
        )
      }
    >
      <section className="panel" aria-labelledby="group-title">
        <header className="panel-head">
          <h2 id="group-title">Group</h2>
          <span>
            <Marks group={group} />
          </span>
        </header>
        <dl className="facts">
          <Related name="Parents" all={group.parents_obj} />
          <Related name="Children" all={group.children_obj} />
        </dl>
      </section>
      <Members group={group} onAdd={() => setOpen("add")} />
      {open === "edit" && <GroupDialog group={group} onClose={close} onDone={close} />}
      {open === "add" && <AddMembers group={group} onClose={close} />}
      {open === "delete" && (
        <Confirm
          title={`Delete ${group.name}?`}
          act="Delete group"
          onClose={close}
          onConfirm={async () => {
            await groups.remove(group.pk);
            toast(`Deleted ${group.name}`);
            go("/groups");
            refresh("groups", "users");
          }}
        >
          <p>
            {plural(group.users.length, "member")} lose what the group gave them. Expressions that ask for it
            find nobody in it.
          </p>
        </Confirm>
      )}
    </Page>
  );
}

function Related({ name, all }: { name: string; all: Group["parents_obj"] }) {
  return (
    <Fact name={name}>
      {all.length === 0 && <span className="muted">none</span>}
      <span className="chips">
        {all.map((one) => (
          <Link key={one.pk} href={`/groups/${one.pk}`} className="chip">
            {one.name}
          </Link>
        ))}
      </span>
    </Fact>
  );
}

function Members({ group, onAdd }: { group: Group; onAdd: () => void }) {
  const { me } = useShell();
  const refresh = useRefresh();
  const toast = useToast();
  const remove = useMutation({
    mutationFn: (person: PersonRef) => groups.removeMember(group.pk, person.pk),
    onSuccess: (_, person) => {
      toast(`Removed ${personName(person)}`);
      refresh("groups", "users");
    },
  });
  return (
    <section className="panel" aria-labelledby="members-title">
      <header className="panel-head">
        <h2 id="members-title">{plural(group.users.length, "member")}</h2>
        {isAdmin(me) && (
          <button type="button" className="button" onClick={onAdd}>
            Add members
          </button>
        )}
      </header>
      {remove.isError && <Problem error={remove.error} />}
      {group.users_obj.length === 0 ? (
        <div className="empty">
          <p>Nobody is directly in this group.</p>
        </div>
      ) : (
        <ul className="rows" aria-label="Members">
          {group.users_obj.map((person) => (
            <li key={person.pk} className="row">
              <PersonLine person={person} linked />
              {isAdmin(me) && (
                <button
                  type="button"
                  className="button button-quiet"
                  aria-label={`Remove ${personName(person)}`}
                  disabled={remove.isPending}
                  onClick={() => remove.mutate(person)}
                >
                  Remove
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function PersonLine({ person, linked = false }: { person: PersonRef; linked?: boolean }) {
  return (
    <span className="stack">
      <span className="name">
        {linked ? (
          <Link href={`/users/${person.pk}`}>{personName(person)}</Link>
        ) : (
          <strong>{personName(person)}</strong>
        )}{" "}
        {!person.is_active && <Badge tone="warn">inactive</Badge>}
      </span>
      <span className="small muted">{personNote(person)}</span>
    </span>
  );
}

function AddMembers({ group, onClose }: { group: Group; onClose: () => void }) {
  const id = useId();
  const refresh = useRefresh();
  const [words, setWords] = useState("");
  const found = useFoundPeople(useDeferredValue(words.trim()));
  const [added, setAdded] = useState<readonly number[]>(group.users);
  const add = useMutation({
    mutationFn: (person: PersonRef) => groups.addMember(group.pk, person.pk),
    onSuccess: (_, person) => {
      setAdded((before) => [...before, person.pk]);
      refresh("groups", "users");
    },
  });
  return (
    <Dialog title={`Add members to ${group.name}`} onClose={onClose}>
      <div className="dialog-body">
        <div className="field">
          <label htmlFor={id}>Find people</label>
          <input
            id={id}
            type="search"
            className="input"
            data-autofocus
            autoComplete="off"
            placeholder="Name or address"
            value={words}
            onChange={(event) => setWords(event.target.value)}
          />
        </div>
        {add.isError && <Problem error={add.error} />}
        {found.isError && <Problem error={found.error} onRetry={() => found.refetch()} />}
        {found.isPending && <Loading what="people" rows={3} />}
        {found.data?.length === 0 && <p className="muted">Nobody has this name.</p>}
        <ul className="rows" aria-label="Found people">
          {(found.data ?? []).map((person) => (
            <li key={person.pk} className="row row-flush">
              <PersonLine person={person} />
              {added.includes(person.pk) ? (
                <Badge tone="ok">member</Badge>
              ) : (
                <button
                  type="button"
                  className="button"
                  aria-label={`Add ${personName(person)}`}
                  disabled={add.isPending}
                  onClick={() => add.mutate(person)}
                >
                  Add
                </button>
              )}
            </li>
          ))}
        </ul>
      </div>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={onClose}>
          Done
        </button>
      </footer>
    </Dialog>
  );
}
