import { useMutation } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Link, useParams } from "wouter";
import { Badge } from "../components/badge";
import { Dialog } from "../components/dialog";
import { Fact } from "../components/fact";
import { Field } from "../components/field";
import { Loading } from "../components/loading";
import { None } from "../components/none";
import { ObjectPage } from "../components/object-page";
import { Panel } from "../components/panel";
import { Problem } from "../components/problem";
import { useShell } from "../context";
import { type Group, groups, type PersonRef } from "../directory/people";
import { useFoundPeople } from "../directory/queries";
import { plural } from "../format/number";
import { personName, personNote } from "../format/person";
import { isAdmin } from "../permissions";
import { useDone } from "../queries";
import { GroupDialog, Marks } from "./groups";

export function GroupPage() {
  const { id = "" } = useParams();
  return (
    <ObjectPage
      kind={groups}
      id={id}
      edit={(group, dialog) => <GroupDialog group={group} {...dialog} />}
      removal={{
        words: (group) => (
          <p>
            {plural(group.users.length, "member")} lose what the group gave them. Expressions that ask for it
            find nobody in it.
          </p>
        ),
      }}
    >
      {(group) => (
        <>
          <Panel
            title="Group"
            tools={
              <span>
                <Marks group={group} />
              </span>
            }
          >
            <dl className="facts">
              <Related name="Parents" all={group.parents_obj} />
              <Related name="Children" all={group.children_obj} />
            </dl>
          </Panel>
          <Members group={group} />
        </>
      )}
    </ObjectPage>
  );
}

function Related({ name, all }: { name: string; all: Group["parents_obj"] }) {
  return (
    <Fact name={name}>
      {all.length === 0 && <None />}
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

function Members({ group }: { group: Group }) {
  const { me } = useShell();
  const done = useDone(groups);
  const [adding, setAdding] = useState(false);
  const remove = useMutation({
    mutationFn: (person: PersonRef) => groups.removeMember(group.pk, person.pk),
    onSuccess: (_, person) => {
      done(`Removed ${personName(person)}`);
    },
  });
  const add = isAdmin(me) && (
    <button type="button" className="button" onClick={() => setAdding(true)}>
      Add members
    </button>
  );
  return (
    <Panel title={plural(group.users.length, "member")} tools={add}>
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
      {adding && <AddMembers group={group} onClose={() => setAdding(false)} />}
    </Panel>
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
  const done = useDone(groups);
  const [words, setWords] = useState("");
  const found = useFoundPeople(useDeferredValue(words.trim()));
  const [added, setAdded] = useState<readonly number[]>(group.users);
  const add = useMutation({
    mutationFn: (person: PersonRef) => groups.addMember(group.pk, person.pk),
    onSuccess: (_, person) => {
      setAdded((before) => [...before, person.pk]);
      done(`Added ${personName(person)}`);
    },
  });
  return (
    <Dialog title={`Add members to ${group.name}`} onClose={onClose}>
      <div className="dialog-body">
        <Field
          label="Find people"
          type="search"
          data-autofocus
          placeholder="Name or address"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
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
