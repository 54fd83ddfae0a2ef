import { useState } from "react";
import { Confirm } from "../components/confirm";
import { CheckField } from "../components/controls";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { GroupChoice } from "../components/group-choice";
import { ObjectDialog } from "../components/object-dialog";
import { Segmented } from "../components/segmented";
import { type Person, people } from "../directory/people";
import { personName } from "../format/person";
import { useDone, useMail } from "../queries";
import { LinkDialog } from "./add-user";

interface Props {
  person: Person;
  onClose: () => void;
}

export function EditDialog({ person, ...dialog }: Props & { onDone: (person: Person) => void }) {
  const [groups, setGroups] = useState<readonly string[]>(person.groups);
  return (
    <ObjectDialog
      {...dialog}
      kind={people}
      object={person}
      known={["name", "email", "groups"]}
      fields={(data) => ({
        name: textOf(data, "name"),
        email: textOf(data, "email"),
        email_verified: data.has("email_verified"),
        groups: [...groups],
      })}
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
            name="email_verified"
            label="The address is verified"
            hint="Applications are told so. Say it only of an address that you know to be theirs."
            defaultChecked={person.email_verified}
          />
          <GroupChoice legend="Groups" chosen={groups} onChange={setGroups} error={errors.groups} />
        </>
      )}
    </ObjectDialog>
  );
}

export function SetPasswordDialog({ person, onClose }: Props) {
  const done = useDone(people);
  return (
    <FormDialog
      title={`Password of ${personName(person)}`}
      act="Set password"
      known={["password"]}
      narrow
      run={(data) => people.setPassword(person.pk, String(data.get("password") ?? ""))}
      onDone={() => {
        done(`Set the password of ${personName(person)}`);
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

export function DeactivateDialog({ person, onClose }: Props) {
  const done = useDone(people);
  return (
    <Confirm
      title={`Deactivate ${personName(person)}?`}
      act="Deactivate"
      onClose={onClose}
      onConfirm={async () => {
        await people.change(person.pk, { is_active: false });
        done(`Deactivated ${personName(person)}`);
      }}
    >
      <p>Sessions and tokens end at once, and keys stop working. You can activate the account again.</p>
    </Confirm>
  );
}

const WAYS = [
  { value: "show", label: "Show me the link" },
  { value: "send", label: "Send it by e-mail" },
] as const;

type Way = (typeof WAYS)[number]["value"];

export function RecoveryDialog({ person, onClose }: Props) {
  const done = useDone(people);
  const mail = useMail();
  const [way, setWay] = useState<Way>("show");
  const [link, setLink] = useState<string | null>(null);
  if (link !== null) return <LinkDialog of={person} link={link} onClose={onClose} />;
  const sends = way === "send";
  return (
    <FormDialog
      title={`Recovery link for ${personName(person)}`}
      act={sends ? "Send the link" : "Make the link"}
      known={[]}
      narrow
      run={async () => {
        if (!sends) return (await people.recovery(person.pk)).link;
        await people.sendRecovery(person.pk);
        return null;
      }}
      onDone={(made) => {
        if (made !== null) return setLink(made);
        done(`A link is on its way to ${person.email}`);
        onClose();
      }}
      onClose={onClose}
    >
      {() => (
        <>
          <p>
            Whoever opens the link sets a new password, once, within a day. A link that you made before stops
            working.
          </p>
          {mail.data?.configured && person.email && (
            <Segmented field legend="The link" options={WAYS} value={way} onChange={setWay} />
          )}
          {sends && <p className="hint">It goes to {person.email}.</p>}
        </>
      )}
    </FormDialog>
  );
}
