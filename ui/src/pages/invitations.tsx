import { useState } from "react";
import { Badge } from "../components/badge";
import { ConfirmButton } from "../components/confirm-button";
import { AreaField, CheckField } from "../components/controls";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { GroupChoice } from "../components/group-choice";
import { CreateButton, ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { None } from "../components/none";
import { Segmented } from "../components/segmented";
import { ShownOnce } from "../components/shown-once";
import { Time, useNow } from "../components/time";
import { useShell } from "../context";
import { type Invitation, type InvitationFields, invitations } from "../directory/people";
import { jsonObject } from "../format/json-object";
import { endOf, LIVES, type Life } from "../format/life";
import { personName } from "../format/person";
import { isAdmin } from "../permissions";
import { useDone, useMail } from "../queries";

const FIXED = ["username", "name", "email"] as const;

/** What an invitation fixes, as it stands in the table: the values, and that there are attributes. */
function fixedInWords({ fixed_data: fixed }: Invitation): string {
  const values = FIXED.map((name) => fixed[name]).filter((value) => typeof value === "string");
  return [...values, ...("attributes" in fixed ? ["attributes"] : [])].join(", ");
}

function State({ of }: { of: Invitation }) {
  const now = useNow();
  if (of.used_at !== null && of.single_use) {
    return (
      <span className="name">
        <Badge>used</Badge> <Time at={of.used_at} />
      </span>
    );
  }
  if (isOver(of, now)) return <Badge tone="warn">expired</Badge>;
  return (
    <span className="name">
      <Badge tone="ok">open</Badge> {!of.single_use && <Badge tone="accent">many times</Badge>}
    </span>
  );
}

const COLUMNS: Column<Invitation>[] = [
  { id: "name", header: "Invitation", sort: (one) => one.name, cell: (one) => <strong>{one.name}</strong> },
  {
    id: "state",
    header: "State",
    sort: (one) => (one.used_at === null ? 0 : 1),
    cell: (one) => <State of={one} />,
  },
  { id: "fixed", header: "Fixed data", sort: fixedInWords, cell: (one) => fixedInWords(one) || <None /> },
  {
    id: "groups",
    header: "Groups",
    numeric: true,
    sort: (one) => one.groups.length,
    cell: (one) => one.groups.length,
  },
  {
    id: "maker",
    header: "Made by",
    sort: (one) => personName(one.created_by),
    cell: (one) => personName(one.created_by) || <None words="nobody" />,
  },
  {
    id: "expires",
    header: "Expires",
    sort: (one) => Date.parse(one.expires),
    cell: (one) => <Time at={one.expires} />,
  },
];

const ACTS: Column<Invitation> = {
  id: "acts",
  header: "Actions",
  bare: true,
  cell: (one) => (
    <span className="acts">
      <Send invitation={one} />
      <Delete invitation={one} />
    </span>
  ),
};

export function InvitationsPage() {
  const { me } = useShell();
  return (
    <ListPage
      kind={invitations}
      columns={isAdmin(me) ? [...COLUMNS, ACTS] : COLUMNS}
      searchText={(one) => `${one.name} ${fixedInWords(one)} ${personName(one.created_by)}`}
      filterHint="Filter by name or address"
      empty="There are no invitations. With one, somebody makes their own account."
      create={(open) => <CreateButton label="Invite somebody" onClick={open} />}
      dialog={({ onClose }) => <InvitationDialog onClose={onClose} />}
    />
  );
}

const isOver = (one: Invitation, now: number) =>
  Date.parse(one.expires) <= now || (one.single_use && one.used_at !== null);

/** Only where messages can leave, and only while the link would open something. */
function Send({ invitation }: { invitation: Invitation }) {
  const mail = useMail();
  const now = useNow();
  const [open, setOpen] = useState(false);
  if (!mail.data?.configured || isOver(invitation, now)) return null;
  return (
    <>
      <button
        type="button"
        className="button button-quiet"
        aria-label={`Send ${invitation.name} by e-mail`}
        onClick={() => setOpen(true)}
      >
        Send by e-mail
      </button>
      {open && <SendDialog invitation={invitation} onClose={() => setOpen(false)} />}
    </>
  );
}

function SendDialog({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const done = useDone(invitations);
  const fixed = invitation.fixed_data.email;
  return (
    <FormDialog
      title={`Send ${invitation.name}`}
      act="Send by e-mail"
      known={["email_addresses"]}
      narrow
      run={(data) => invitations.send(invitation.pk, textOf(data, "email_addresses").split(/[\s,;]+/))}
      onDone={() => {
        done(`The invitation ${invitation.name} is on its way`);
        onClose();
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <p>
            Each address gets a message with a new link. A link that was made before opens nothing any more.
          </p>
          <AreaField
            name="email_addresses"
            label="E-mail addresses"
            hint="One a line, 20 at most."
            data-autofocus
            required
            defaultValue={typeof fixed === "string" ? fixed : ""}
            error={errors.email_addresses}
          />
        </>
      )}
    </FormDialog>
  );
}

function Delete({ invitation }: { invitation: Invitation }) {
  const done = useDone(invitations);
  return (
    <ConfirmButton
      label="Delete"
      of={invitation.name}
      title={`Delete ${invitation.name}?`}
      act="Delete invitation"
      run={async () => {
        await invitations.remove(invitation.pk);
        done(`Deleted ${invitation.name}`);
      }}
    >
      <p>Its link opens nothing any more. Whoever came by it already keeps their account.</p>
    </ConfirmButton>
  );
}

const KNOWN = ["name", "expires", "groups", "fixed_data"];

function InvitationDialog({ onClose }: { onClose: () => void }) {
  const done = useDone(invitations);
  const [life, setLife] = useState<Life>("7");
  const [groups, setGroups] = useState<readonly string[]>([]);
  const [made, setMade] = useState<Invitation | null>(null);
  if (made) return <LinkDialog invitation={made} onClose={onClose} />;
  return (
    <FormDialog
      title="Invite somebody"
      act="Create invitation"
      known={KNOWN}
      run={async (data) => invitations.create(fieldsOf(data, life, groups))}
      onDone={(invitation) => {
        done(`Created ${invitation.name}`);
        setMade(invitation);
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <Field
            name="name"
            label="Name"
            hint="For you alone: letters, digits, - and _."
            placeholder="new-engineer"
            required
            data-autofocus
            error={errors.name}
          />
          <Segmented
            field
            legend="Expires after"
            options={LIVES}
            value={life}
            onChange={setLife}
            error={errors.expires}
          />
          <CheckField
            name="many"
            label="May be used many times"
            hint="Whoever has the link makes an account, until it expires."
          />
          <GroupChoice
            legend="Groups"
            hint="Newcomers join these."
            chosen={groups}
            onChange={setGroups}
            error={errors.groups}
          />
          <Fixed error={errors.fixed_data} />
        </>
      )}
    </FormDialog>
  );
}

function Fixed({ error }: { error: string | undefined }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      className="fold"
      // What has to be mended is in sight, and can take the focus.
      open={open || error !== undefined}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        Fixed data<span className="optional"> optional</span>
      </summary>
      <div className="fold-body fold-wide">
        <p className="hint">Newcomers choose for themselves what is not written here.</p>
        <Field name="username" label="Username" optional />
        <Field name="fixed_name" label="Their name" optional />
        <Field name="email" label="E-mail address" type="email" optional />
        <AreaField
          name="attributes"
          label="Attributes"
          hint="A JSON object for expressions."
          optional
          placeholder='{"department": "Research"}'
          error={error}
        />
      </div>
    </details>
  );
}

function fieldsOf(data: FormData, life: Life, groups: readonly string[]): InvitationFields {
  const attributes = jsonObject(textOf(data, "attributes"), "fixed_data");
  const typed = {
    username: textOf(data, "username"),
    name: textOf(data, "fixed_name"),
    email: textOf(data, "email"),
  };
  return {
    name: textOf(data, "name"),
    expires: endOf(life, Date.now()) ?? "",
    single_use: !data.has("many"),
    groups: [...groups],
    fixed_data: {
      ...Object.fromEntries(Object.entries(typed).filter(([, value]) => value !== "")),
      ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    },
  };
}

function LinkDialog({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const mail = useMail();
  const [sending, setSending] = useState(false);
  if (sending) return <SendDialog invitation={invitation} onClose={onClose} />;
  return (
    <ShownOnce
      title="Send the link now"
      label="Invitation link"
      secret={invitation.link ?? ""}
      onClose={onClose}
    >
      <p>
        Whoever opens it makes an account{invitation.single_use ? ", once" : ""}. Nobody can show the link
        again.
      </p>
      {mail.data?.configured && (
        <p>
          <button type="button" className="button" onClick={() => setSending(true)}>
            Send by e-mail
          </button>
        </p>
      )}
    </ShownOnce>
  );
}
