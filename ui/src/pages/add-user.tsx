import { useRef, useState } from "react";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { GroupChoice } from "../components/group-choice";
import { Segmented } from "../components/segmented";
import { ShownOnce } from "../components/shown-once";
import { useToast } from "../components/toast";
import { type Person, people } from "../directory/people";
import { personName } from "../format/person";
import { useMail, useRefresh } from "../queries";

const STARTS = [
  { value: "link", label: "A link to send" },
  { value: "mail", label: "A link by e-mail" },
  { value: "password", label: "A password now" },
] as const;

type Start = (typeof STARTS)[number]["value"];

const HINTS: Readonly<Record<Start, string>> = {
  link: "You get a link to send. It sets their first password, once, within a day.",
  mail: "They get a message with a link. It sets their first password, once, within a day.",
  password: "",
};

const FIELDS = ["username", "name", "email", "groups", "password"];

export function AddUserDialog({ onClose }: { onClose: () => void }) {
  const refresh = useRefresh();
  const toast = useToast();
  const [groups, setGroups] = useState<readonly string[]>([]);
  const [start, setStart] = useState<Start>("link");
  const [link, setLink] = useState<{ of: Person; link: string } | null>(null);
  const mail = useMail();
  const starts = mail.data?.configured ? STARTS : STARTS.filter(({ value }) => value !== "mail");
  // A password can be refused when the person is there already: the next try is for the same person.
  const made = useRef<Person | null>(null);
  const add = async (data: FormData) => {
    const fields = {
      username: textOf(data, "username"),
      name: textOf(data, "name"),
      email: textOf(data, "email"),
      groups: [...groups],
    };
    made.current = await (made.current ? people.change(made.current.pk, fields) : people.create(fields));
    refresh("users", "groups");
    const person = made.current;
    if (start === "link") return { of: person, link: (await people.recovery(person.pk)).link };
    if (start === "mail") await people.sendRecovery(person.pk);
    else await people.setPassword(person.pk, String(data.get("password") ?? ""));
    return { of: person, link: null };
  };
  if (link) return <LinkDialog of={link.of} link={link.link} onClose={onClose} />;
  return (
    <FormDialog
      title="Add user"
      act="Add user"
      known={FIELDS}
      run={add}
      onDone={({ of, link: made }) => {
        toast(`Added ${personName(of)}`);
        if (made === null) onClose();
        else setLink({ of, link: made });
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <Field
            name="username"
            label="Username"
            hint="What they sign in with, beside the e-mail address. It cannot be changed."
            data-autofocus
            required
            error={errors.username}
          />
          <Field name="name" label="Name" optional error={errors.name} />
          <Field name="email" label="E-mail address" type="email" optional error={errors.email} />
          <GroupChoice legend="Groups" chosen={groups} onChange={setGroups} error={errors.groups} />
          <Segmented field legend="First sign-in" options={starts} value={start} onChange={setStart} />
          {start !== "password" ? (
            <p className="hint">{HINTS[start]}</p>
          ) : (
            <Field
              name="password"
              label="Password"
              type="password"
              autoComplete="new-password"
              required
              error={errors.password}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}

export function LinkDialog({ of, link, onClose }: { of: Person; link: string; onClose: () => void }) {
  return (
    <ShownOnce title="Send the link now" label="Recovery link" secret={link} onClose={onClose}>
      <p>
        Whoever opens this link sets the password of <strong>{personName(of)}</strong>. It works once, within
        a day, and nobody can show it again.
      </p>
    </ShownOnce>
  );
}
