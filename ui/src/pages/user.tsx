import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { type Person, people } from "../authentik";
import { Badge } from "../components/badge";
import { Confirm } from "../components/confirm";
import { CheckField } from "../components/controls";
import { Fact } from "../components/fact";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { GroupChoice } from "../components/group-choice";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { Problem } from "../components/problem";
import { RoleName, RoleWhy } from "../components/role";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { usePerson } from "../directory-queries";
import { personName } from "../format/person";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh } from "../queries";
import { LinkDialog } from "./add-user";
import { ChangeRoleDialog } from "./change-role";
import { OnlySome } from "./only-some";

type Open = "edit" | "password" | "role" | "deactivate" | "link" | "delete" | null;

const UP = { href: "/users", label: "Users" };

export function UserPage() {
  const { me } = useShell();
  const { pk } = useParams();
  const person = usePerson(Number(pk));
  if (!seesEveryone(me)) return <OnlySome title="User" what="other people" />;
  if (person.isPending) {
    return (
      <Page title="User" up={UP}>
        <section className="panel">
          <Loading what="the user" rows={4} />
        </section>
      </Page>
    );
  }
  if (!person.data) {
    return (
      <Page title="User" up={UP}>
        <Problem error={person.error} onRetry={() => person.refetch()} />
      </Page>
    );
  }
  return <Shown person={person.data} />;
}

function Shown({ person }: { person: Person }) {
  const { me } = useShell();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <Page
      title={personName(person)}
      up={UP}
      action={
        isAdmin(me) && (
          <button
            type="button"
            className="button button-primary"
            data-shortcut="new"
            onClick={() => setOpen("edit")}
          >
            Edit
          </button>
        )
      }
    >
      <section className="panel" aria-labelledby="user-title">
        <header className="panel-head">
          <h2 id="user-title">Account</h2>
          {isAdmin(me) && <Acts person={person} onOpen={setOpen} />}
        </header>
        <Facts person={person} />
      </section>
      {open === "edit" && <EditDialog person={person} onClose={close} />}
      {open === "password" && <PasswordDialog person={person} onClose={close} />}
      {open === "role" && <ChangeRoleDialog user={person} onClose={close} />}
      {open === "deactivate" && <DeactivateDialog person={person} onClose={close} />}
      {open === "link" && <RecoveryDialog person={person} onClose={close} />}
    </Page>
  );
}

function Acts({ person, onOpen }: { person: Person; onOpen: (what: Open) => void }) {
  const refresh = useRefresh();
  const toast = useToast();
  const activate = useMutation({
    mutationFn: () => people.change(person.pk, { is_active: true }),
    onSuccess: () => {
      toast(`Activated ${personName(person)}`);
      refresh("users");
    },
  });
  return (
    <>
      <div className="panel-tools">
        <button type="button" className="button" onClick={() => onOpen("role")}>
          Change role
        </button>
        <button type="button" className="button" onClick={() => onOpen("password")}>
          Set password
        </button>
        {person.is_active && (
          <button type="button" className="button" onClick={() => onOpen("link")}>
            Recovery link
          </button>
        )}
        {person.is_active ? (
          <button type="button" className="button button-bad" onClick={() => onOpen("deactivate")}>
            Deactivate
          </button>
        ) : (
          <button
            type="button"
            className="button"
            disabled={activate.isPending}
            onClick={() => activate.mutate()}
          >
            Activate
          </button>
        )}
      </div>
      {activate.isError && <Problem error={activate.error} />}
    </>
  );
}

function Facts({ person }: { person: Person }) {
  return (
    <dl className="facts">
      <Fact name="Username">{person.username}</Fact>
      <Fact name="State">
        {person.is_active ? <Badge tone="ok">active</Badge> : <Badge tone="warn">inactive</Badge>}{" "}
        {person.is_superuser && <Badge>superuser</Badge>}{" "}
        {person.is_break_glass && <Badge>break-glass</Badge>}
      </Fact>
      <Fact name="E-mail address">
        {person.email || <span className="muted">none</span>}{" "}
        {person.email && (
          <Badge tone={person.email_verified ? "ok" : "quiet"}>
            {person.email_verified ? "verified" : "not verified"}
          </Badge>
        )}
      </Fact>
      <Fact name="Role">
        <RoleName of={person} />
      </Fact>
      <Fact name="Why">
        <RoleWhy of={person} />
      </Fact>
      <Fact name="Groups">
        {person.groups_obj.length === 0 && <span className="muted">none</span>}
        <span className="chips">
          {person.groups_obj.map((group) => (
            <Link key={group.pk} href={`/groups/${group.pk}`} className="chip">
              {group.name}
            </Link>
          ))}
        </span>
      </Fact>
      <Fact name="Last sign-in">
        <Time at={person.last_login} />
      </Fact>
      <Fact name="Created">
        <Time at={person.date_joined} />
      </Fact>
    </dl>
  );
}

function EditDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const refresh = useRefresh();
  const toast = useToast();
  const [groups, setGroups] = useState<readonly string[]>(person.groups);
  const [verified, setVerified] = useState(person.email_verified);
  return (
    <FormDialog
      title={`Edit ${personName(person)}`}
      act="Save"
      known={["name", "email", "groups"]}
      run={(data) =>
        people.change(person.pk, {
          name: textOf(data, "name"),
          email: textOf(data, "email"),
          email_verified: verified,
          groups: [...groups],
        })
      }
      onDone={(changed) => {
        toast(`Saved ${personName(changed)}`);
        refresh("users", "groups", "me");
        onClose();
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <Field
            name="name"
            label="Name"
            optional
            data-autofocus
            defaultValue={person.name}
            error={errors.name}
          />
          <Field
            name="email"
            label="E-mail address"
            type="email"
            optional
            defaultValue={person.email}
            error={errors.email}
          />
          <CheckField
            label="The address is verified"
            hint="Applications are told so. Say it only of an address that you know to be theirs."
            checked={verified}
            onChange={setVerified}
          />
          <GroupChoice legend="Groups" chosen={groups} onChange={setGroups} error={errors.groups} />
        </>
      )}
    </FormDialog>
  );
}

function PasswordDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const refresh = useRefresh();
  const toast = useToast();
  return (
    <FormDialog
      title={`Password of ${personName(person)}`}
      act="Set password"
      known={["password"]}
      narrow
      run={(data) => people.setPassword(person.pk, String(data.get("password") ?? ""))}
      onDone={() => {
        toast(`Set the password of ${personName(person)}`);
        refresh("users");
        onClose();
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <p>They are signed out everywhere. Tell them the password on a way that you trust.</p>
          <Field
            name="password"
            label="New password"
            type="password"
            autoComplete="new-password"
            data-autofocus
            required
            error={errors.password}
          />
        </>
      )}
    </FormDialog>
  );
}

function DeactivateDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const refresh = useRefresh();
  const toast = useToast();
  return (
    <Confirm
      title={`Deactivate ${personName(person)}?`}
      act="Deactivate"
      onClose={onClose}
      onConfirm={async () => {
        await people.change(person.pk, { is_active: false });
        toast(`Deactivated ${personName(person)}`);
        refresh("users");
      }}
    >
      <p>Their sessions and tokens end at once, and their keys stop working. You can activate them again.</p>
    </Confirm>
  );
}

function RecoveryDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const [link, setLink] = useState<string | null>(null);
  if (link !== null) return <LinkDialog of={person} link={link} onClose={onClose} />;
  return (
    <FormDialog
      title={`Recovery link for ${personName(person)}`}
      act="Make the link"
      known={[]}
      narrow
      run={() => people.recovery(person.pk)}
      onDone={(made) => setLink(made.link)}
      onClose={onClose}
    >
      {() => (
        <p>
          Whoever opens the link sets a new password, once, within a day. A link that you made before stops
          working.
        </p>
      )}
    </FormDialog>
  );
}
