import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { api } from "../api";
import { Badge } from "../components/badge";
import { Fact } from "../components/fact";
import { None } from "../components/none";
import { ObjectPage } from "../components/object-page";
import { Panel } from "../components/panel";
import { Problem } from "../components/problem";
import { RoleName, RoleWhy, SignInSteps } from "../components/role";
import { Time } from "../components/time";
import { useShell } from "../context";
import { administers, isProgram, type Person, people, serviceAccounts } from "../directory/people";
import { personName } from "../format/person";
import { isAdmin } from "../permissions";
import { useDone } from "../queries";
import { ChangeRoleDialog } from "./change-role";
import { Consents } from "./consents";
import { PersonFactors } from "./person-factors";
import { PersonIdentities } from "./person-identities";
import { PersonSessions } from "./person-sessions";
import { TokenRows } from "./tokens";
import { DeactivateDialog, EditDialog, RecoveryDialog, SetPasswordDialog } from "./user-dialogs";

export function UserPage() {
  return <AccountOf kind={people} />;
}

export function ServiceAccountPage() {
  return <AccountOf kind={serviceAccounts} />;
}

function AccountOf({ kind }: { kind: typeof people | typeof serviceAccounts }) {
  const { id = "" } = useParams();
  return (
    <ObjectPage
      kind={kind}
      id={id}
      edit={(person, dialog) => <EditDialog person={person} {...dialog} />}
      removal={{
        typed: (person) => person.username,
        words: () => (
          <p>
            Sessions, tokens and keys end at once, and nobody is ever called this again. To keep the name and
            come back to it, deactivate instead.
          </p>
        ),
      }}
    >
      {(person) => (
        <>
          <Account person={person} />
          {!isProgram(person) && <PersonFactors person={person} />}
          {!isProgram(person) && <PersonIdentities person={person} />}
          {!isProgram(person) && <PersonSessions person={person} />}
          {!isProgram(person) && <Consents of={person} />}
          <TokenRows of={person} />
        </>
      )}
    </ObjectPage>
  );
}

type Open = "password" | "role" | "deactivate" | "link" | null;

function Account({ person }: { person: Person }) {
  const { me } = useShell();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <Panel title="Account" tools={isAdmin(me) && <Acts person={person} onOpen={setOpen} />}>
      <Facts person={person} />
      <SignInSteps of={person} />
      {open === "password" && <SetPasswordDialog person={person} onClose={close} />}
      {open === "role" && <ChangeRoleDialog user={person} onClose={close} />}
      {open === "deactivate" && <DeactivateDialog person={person} onClose={close} />}
      {open === "link" && <RecoveryDialog person={person} onClose={close} />}
    </Panel>
  );
}

function Acts({ person, onOpen }: { person: Person; onOpen: (what: Open) => void }) {
  const done = useDone(people);
  const activate = useMutation({
    mutationFn: () => people.change(person.pk, { is_active: true }),
    onSuccess: () => {
      done(`Activated ${personName(person)}`);
    },
  });
  const unlock = useMutation({
    mutationFn: () => api.changeUser(person.user_id, { role_locked: false }),
    onSuccess: () => {
      done(`Unlocked ${personName(person)}: the provider decides at the next sign-in`);
    },
  });
  const opens = (what: Open, label: string, bad = false) => (
    <button type="button" className={bad ? "button button-bad" : "button"} onClick={() => onOpen(what)}>
      {label}
    </button>
  );
  return (
    <>
      <div className="panel-tools">
        {opens("role", "Change role")}
        {person.role_locked && (
          <button
            type="button"
            className="button"
            title="Give the role back to the sign-in provider"
            disabled={unlock.isPending}
            onClick={() => unlock.mutate()}
          >
            Unlock role
          </button>
        )}
        {!isProgram(person) && opens("password", "Set password")}
        {!isProgram(person) && person.is_active && opens("link", "Recovery link")}
        {person.is_active ? (
          opens("deactivate", "Deactivate", true)
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
      {unlock.isError && <Problem error={unlock.error} />}
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
        <Address of={person} />
      </Fact>
      {isProgram(person) && !person.role_locked ? (
        <Fact name="Rights in the directory">
          {administers(person) ? "Administers, by its groups" : "Sees what is its own"}
        </Fact>
      ) : (
        <>
          <Fact name="Role">
            <RoleName of={person} />
          </Fact>
          <Fact name="Why">
            <RoleWhy of={person} />
          </Fact>
        </>
      )}
      <Fact name="Groups">
        {person.groups_obj.length === 0 && <None />}
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

/** An address, and whether it is known to be the person's own. */
export function Address({ of }: { of: Pick<Person, "email" | "email_verified"> }) {
  if (!of.email) return <None />;
  return (
    <span className="name">
      {of.email}{" "}
      <Badge tone={of.email_verified ? "ok" : "quiet"}>
        {of.email_verified ? "verified" : "not verified"}
      </Badge>
    </span>
  );
}
