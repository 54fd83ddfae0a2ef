import { useState } from "react";
import { Link } from "wouter";
import { Badge } from "../components/badge";
import { ConfirmButton } from "../components/confirm-button";
import { SelectField } from "../components/controls";
import { FormDialog, textOf } from "../components/form-dialog";
import { chosenPerson, PersonSelect } from "../components/person-select";
import { RowsPanel } from "../components/rows-panel";
import { Segmented } from "../components/segmented";
import { useShell } from "../context";
import { type Binding, bindings } from "../directory/applications";
import { type Group, groups } from "../directory/people";
import { useBindings, useEvery } from "../directory/queries";
import { personName } from "../format/person";
import { isAdmin } from "../permissions";
import { useDone } from "../queries";

const bound = (one: Binding) =>
  one.group_obj?.name ?? (one.user_obj ? personName(one.user_obj) : "somebody who is gone");

interface Props {
  /** The application or entitlement, by its uuid. */
  target: string;
  title: string;
  /** The title of the dialog that adds somebody. */
  of: string;
  /** What it means that nobody is in the list, that the last one goes, and that one of several goes. */
  nobody: string;
  last: string;
  lost: string;
}

/** The groups and people that something is bound to. */
export function Access({ target, title, of, nobody, last, lost }: Props) {
  const { me } = useShell();
  const found = useBindings(target);
  const done = useDone(bindings);
  const [adding, setAdding] = useState(false);
  const remove = (one: Binding) => (
    <ConfirmButton
      label="Remove"
      of={bound(one)}
      title={`Remove ${bound(one)}?`}
      act="Remove"
      run={async () => {
        await bindings.remove(one.pk);
        done(`Removed ${bound(one)}`);
      }}
    >
      <p>{found.data?.length === 1 ? last : lost}</p>
    </ConfirmButton>
  );
  return (
    <RowsPanel
      title={title}
      rows={found}
      rowKey={(one) => one.pk}
      row={(one) => <Bound one={one} />}
      acts={isAdmin(me) ? remove : undefined}
      empty={<p>{nobody}</p>}
      tools={
        isAdmin(me) && (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            Add somebody
          </button>
        )
      }
    >
      {adding && (
        <AddDialog
          title={of}
          target={target}
          order={found.data?.length ?? 0}
          onClose={() => setAdding(false)}
        />
      )}
    </RowsPanel>
  );
}

function Bound({ one }: { one: Binding }) {
  return (
    <span className="name">
      <Link href={one.group ? `/groups/${one.group}` : `/users/${one.user}`}>{bound(one)}</Link>{" "}
      <Badge>{one.group ? "group" : "user"}</Badge> {one.negate && <Badge tone="warn">not</Badge>}{" "}
      {!one.enabled && <Badge tone="warn">switched off</Badge>}
    </span>
  );
}

const SORTS = [
  { value: "group", label: "A group" },
  { value: "user", label: "One user" },
] as const;

type Sort = (typeof SORTS)[number]["value"];

interface AddProps {
  title: string;
  target: string;
  order: number;
  onClose: () => void;
}

function AddDialog({ title, target, order, onClose }: AddProps) {
  const done = useDone(bindings);
  const every = useEvery<Group>(groups, { ordering: "name" });
  const [what, setWhat] = useState<Sort>("group");
  const options = (every.data ?? []).map((group) => ({ value: group.pk, label: group.name }));
  return (
    <FormDialog
      title={title}
      act="Add"
      known={["group", "user"]}
      narrow
      run={async (data) =>
        bindings.create({
          target,
          order,
          ...(what === "group" ? { group: textOf(data, "group") } : { user: chosenPerson(data) }),
        })
      }
      onDone={(made) => {
        done(`Added ${bound(made)}`);
        onClose();
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <Segmented field legend="Add" options={SORTS} value={what} onChange={setWhat} />
          {what === "user" ? (
            <PersonSelect error={errors.user} />
          ) : (
            <SelectField
              label="Group"
              name="group"
              hint="Its members, and those of its child groups."
              options={options}
              error={errors.group}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}
