import { useState } from "react";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { Segmented } from "../components/segmented";
import { ShownOnce } from "../components/shown-once";
import { type Token, type TokenFields, tokens } from "../directory/holdings";
import { isProgram, type Person } from "../directory/people";
import { endOf, LIVES_AND_NEVER, type Life } from "../format/life";
import { useDone } from "../queries";

const INTENTS = [
  { value: "api", label: "API token" },
  { value: "app_password", label: "App password" },
] as const;

type Intent = Token["intent"];

export const intentInWords = (intent: string) =>
  INTENTS.find((one) => one.value === intent)?.label ?? intent.replaceAll("_", " ");

const WHAT: Readonly<Record<Intent, string>> = {
  api: "Opens /api/v3 with the rights that its owner has.",
  app_password: "With the account's name it gets tokens of an application, by client credentials.",
};

const KNOWN = ["identifier", "description", "expires", "user"];

interface Props {
  /** Whose it will be; whoever is signed in when it is left out. */
  owner?: Pick<Person, "pk" | "type">;
  onClose: () => void;
}

/** Makes a token and shows its key, once. */
export function TokenDialog({ owner, onClose }: Props) {
  const done = useDone(tokens);
  const [intent, setIntent] = useState<Intent>("api");
  const [life, setLife] = useState<Life>("30");
  const [made, setMade] = useState<{ identifier: string; secret: string } | null>(null);
  if (made) return <KeyDialog {...made} onClose={onClose} />;
  const make = async (data: FormData) => {
    const expires = endOf(life, Date.now());
    const fields: TokenFields = {
      identifier: textOf(data, "identifier"),
      intent,
      description: textOf(data, "description"),
      expiring: expires !== undefined,
      ...(expires ? { expires } : {}),
      ...(owner ? { user: owner.pk } : {}),
    };
    const { identifier } = await tokens.create(fields);
    return { identifier, secret: (await tokens.showKey(identifier)).key };
  };
  return (
    <FormDialog
      title="Create token"
      act="Create"
      known={KNOWN}
      run={make}
      onDone={(token) => {
        done(`Created ${token.identifier}`);
        setMade(token);
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          {owner && isProgram(owner) && (
            <Segmented field legend="Intent" options={INTENTS} value={intent} onChange={setIntent} />
          )}
          <p className="hint">{WHAT[intent]}</p>
          <Field
            name="identifier"
            label="Identifier"
            hint="Its name, which no other token has: letters, digits and - _ . @ +."
            placeholder="backup-script"
            required
            data-autofocus
            error={errors.identifier}
          />
          <Field name="description" label="Description" optional error={errors.description} />
          <Segmented
            field
            legend="Expires after"
            options={LIVES_AND_NEVER}
            value={life}
            onChange={setLife}
            error={errors.expires}
          />
        </>
      )}
    </FormDialog>
  );
}

/** The only time that the key of a token is seen. */
export function KeyDialog(props: { identifier: string; secret: string; onClose: () => void }) {
  return (
    <ShownOnce title="Copy the key now" label="Key" secret={props.secret} onClose={props.onClose}>
      <p>
        This is the key of <strong>{props.identifier}</strong>. Nobody can show it again.
      </p>
    </ShownOnce>
  );
}
