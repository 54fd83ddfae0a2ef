import { useState } from "react";
import { Link } from "wouter";
import { Badge, Chips } from "../components/badge";
import { ConfirmButton } from "../components/confirm-button";
import { SelectField } from "../components/controls";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { GroupChoice } from "../components/group-choice";
import { CreateButton, ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { Awaited } from "../components/object-dialog";
import { Segmented } from "../components/segmented";
import { ShownOnce } from "../components/shown-once";
import { Time } from "../components/time";
import { useShell } from "../context";
import { type Application, applications } from "../directory/applications";
import { type Group, groups } from "../directory/people";
import { useEvery } from "../directory/queries";
import {
  type MadeRegistrationToken,
  type RegistrationToken,
  registrationTokens,
} from "../directory/registration";
import { LIVES, type Life } from "../format/life";
import { isAdmin } from "../permissions";
import { useDone, useUiInfo } from "../queries";

const TONES = { active: "ok", used_up: "quiet", expired: "warn", revoked: "quiet" } as const;

const COLUMNS: Column<RegistrationToken>[] = [
  { id: "name", header: "Token", sort: (one) => one.name, cell: (one) => <strong>{one.name}</strong> },
  {
    id: "status",
    header: "State",
    sort: (one) => one.status,
    cell: (one) => <Badge tone={TONES[one.status]}>{one.status.replace("_", " ")}</Badge>,
  },
  {
    id: "application",
    header: "Application",
    sort: (one) => one.application,
    cell: (one) => <Link href={`/applications/${one.application}`}>{one.application}</Link>,
  },
  {
    id: "groups",
    header: "For members of",
    sort: (one) => one.groups.join(" "),
    cell: (one) => <Chips names={one.groups} empty="nobody" />,
  },
  {
    id: "uses",
    header: "Used",
    numeric: true,
    sort: (one) => one.uses,
    cell: (one) => `${one.uses} of ${one.most_uses}`,
  },
  {
    id: "expires",
    header: "Expires",
    sort: (one) => Date.parse(one.expires_at),
    cell: (one) => <Time at={one.expires_at} />,
  },
];

const ACTS: Column<RegistrationToken> = {
  id: "acts",
  header: "Actions",
  bare: true,
  cell: (one) => <span className="acts">{one.status === "active" && <Revoke token={one} />}</span>,
};

/** With which clients register themselves at an application. */
export function RegistrationTokensPage() {
  const { me } = useShell();
  return (
    <ListPage
      kind={registrationTokens}
      columns={isAdmin(me) ? [...COLUMNS, ACTS] : COLUMNS}
      searchText={(one) => [one.name, one.application, one.status, ...one.groups].join(" ")}
      filterHint="Filter by name or application"
      empty="There are no registration tokens. With one, a client registers itself at an application."
      dim={(one) => one.status !== "active"}
      create={(open) => <CreateButton onClick={open} />}
      dialog={({ onClose }) => <RegistrationTokenDialog onClose={onClose} />}
    />
  );
}

function Revoke({ token }: { token: RegistrationToken }) {
  const done = useDone(registrationTokens);
  return (
    <ConfirmButton
      label="Revoke"
      of={token.name}
      title={`Revoke ${token.name}?`}
      act="Revoke token"
      run={async () => {
        await registrationTokens.remove(token.id);
        done(`Revoked ${token.name}`);
      }}
    >
      <p>Nobody registers with it any more. Clients that did stay.</p>
    </ConfirmButton>
  );
}

function RegistrationTokenDialog({ onClose }: { onClose: () => void }) {
  const every = useEvery<Application>(applications, { ordering: "name" });
  const [made, setMade] = useState<MadeRegistrationToken | null>(null);
  if (made) return <Secret made={made} onClose={onClose} />;
  return (
    <Awaited title="Create registration token" what="the applications" query={every} onClose={onClose}>
      {(found) => (
        <Form
          options={found
            .filter((one) => one.provider !== null)
            .map((one) => ({ value: one.slug, label: one.name }))}
          onClose={onClose}
          onDone={setMade}
        />
      )}
    </Awaited>
  );
}

interface FormProps {
  options: readonly { value: string; label: string }[];
  onClose: () => void;
  onDone: (made: MadeRegistrationToken) => void;
}

function Form({ options, onClose, onDone }: FormProps) {
  const done = useDone(registrationTokens);
  const every = useEvery<Group>(groups, { ordering: "name" });
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [life, setLife] = useState<Life>("7");
  const names = (every.data ?? []).filter((one) => chosen.includes(one.pk)).map((one) => one.name);
  return (
    <FormDialog
      title="Create registration token"
      act="Create"
      known={["name", "application", "groups", "expires_in", "uses"]}
      run={(data) =>
        registrationTokens.create({
          name: textOf(data, "name"),
          application: textOf(data, "application"),
          groups: names,
          expires_in: `${life}d`,
          uses: Number(textOf(data, "uses")),
        })
      }
      onDone={(made) => {
        done(`Created ${made.name}`);
        onDone(made);
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <Field
            name="name"
            label="Name"
            hint="Who gets it, so that you know it again."
            required
            data-autofocus
            error={errors.name}
          />
          <SelectField
            name="application"
            label="Application"
            hint="What registers gets the scopes and lives of its provider, and no more."
            options={options}
            error={errors.application}
          />
          <GroupChoice
            legend="Groups"
            hint="Their members may use what registers; with none chosen, those of admins alone."
            chosen={chosen}
            onChange={setChosen}
            error={errors.groups}
          />
          <Field
            name="uses"
            label="Clients"
            hint="How many may register with it."
            type="number"
            min={1}
            max={1000}
            defaultValue={1}
            error={errors.uses}
          />
          <Segmented
            field
            legend="Expires after"
            options={LIVES}
            value={life}
            onChange={setLife}
            error={errors.expires_in}
          />
        </>
      )}
    </FormDialog>
  );
}

function Secret({ made, onClose }: { made: MadeRegistrationToken; onClose: () => void }) {
  const info = useUiInfo();
  return (
    <ShownOnce title="Copy the token now" label="Registration token" secret={made.token} onClose={onClose}>
      <p>
        A client sends it to{" "}
        <code className="line">
          {info.data?.base_url}/application/o/{made.application}/register/
        </code>{" "}
        and is registered. Nobody can show it again.
      </p>
    </ShownOnce>
  );
}
