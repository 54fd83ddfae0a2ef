import { useState } from "react";
import { CopyButton } from "../components/copy";
import { Dialog } from "../components/dialog";
import { Field } from "../components/field";
import { Awaited, ObjectDialog } from "../components/object-dialog";
import { useAll } from "../directory/queries";
import {
  type SignInProfile,
  type SignInProvider,
  signInProviders,
  useSignInProfiles,
} from "../directory/sign-in";
import {
  asksIssuer,
  bodyOf,
  freeId,
  headerRows,
  knownFields,
  mappingRows,
  optionsOf,
  redirectUri,
  stepParts,
} from "../format/sign-in";
import { slugOf } from "../format/slug";
import { useUiInfo } from "../queries";
import { More } from "./sign-in-more";
import { Access, Roles } from "./sign-in-roles";

/** Where the steps stand beside the form; elsewhere they would stand in front of it. */
const ROOM = "(min-width: 54rem)";

interface Closing {
  onClose: () => void;
  onDone: (saved: SignInProvider) => void;
}

/** First what kind of provider it is, then what is to be known of it. */
export function NewSignInDialog(dialog: Closing) {
  const profiles = useSignInProfiles();
  const every = useAll(signInProviders);
  const info = useUiInfo();
  const [chosen, setChosen] = useState<SignInProfile | null>(null);
  const found =
    profiles.data && every.data && info.data
      ? { profiles: profiles.data, ids: every.data.map((one) => one.id), base: info.data.base_url }
      : undefined;
  const error = profiles.error ?? every.error ?? info.error;
  return (
    <Awaited
      title="Add a provider"
      what="the kinds of provider"
      query={{ data: found, error }}
      onClose={dialog.onClose}
    >
      {({ profiles, ids, base }) =>
        chosen ? (
          <ProviderForm {...dialog} profile={chosen} taken={ids} base={base} />
        ) : (
          <Chooser profiles={profiles} onChoose={setChosen} onClose={dialog.onClose} />
        )
      }
    </Awaited>
  );
}

export function EditSignInDialog({ provider, ...dialog }: Closing & { provider: SignInProvider }) {
  const profiles = useSignInProfiles();
  return (
    <Awaited title="Edit" what="its kind" query={profiles} onClose={dialog.onClose}>
      {(known) => {
        const profile = known.find((one) => one.name === provider.profile);
        return (
          profile && <ProviderForm {...dialog} profile={profile} provider={provider} taken={[]} base="" />
        );
      }}
    </Awaited>
  );
}

interface ChooserProps {
  profiles: readonly SignInProfile[];
  onChoose: (profile: SignInProfile) => void;
  onClose: () => void;
}

function Chooser({ profiles, onChoose, onClose }: ChooserProps) {
  return (
    <Dialog title="Add a provider" onClose={onClose}>
      <div className="dialog-body">
        <p>What do people sign in with?</p>
        <ul className="cards" aria-label="Kinds of provider">
          {profiles.map((profile, index) => (
            <li key={profile.name}>
              <button
                type="button"
                className="button card"
                data-autofocus={index === 0 || undefined}
                onClick={() => onChoose(profile)}
              >
                {profile.label}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

interface FormProps extends Closing {
  profile: SignInProfile;
  provider?: SignInProvider;
  taken: readonly string[];
  base: string;
}

function ProviderForm({ profile, provider, taken, base, ...dialog }: FormProps) {
  const [id, setId] = useState(provider?.id ?? freeId(profile.name, taken));
  const [mappings, setMappings] = useState(mappingRows(provider?.roles.mappings ?? {}));
  const [headers, setHeaders] = useState(headerRows(provider?.headers ?? {}));
  const redirect = provider?.redirect_uri ?? redirectUri(base, id);
  return (
    <ObjectDialog
      {...dialog}
      kind={signInProviders}
      object={provider}
      noun={`a provider: ${profile.label}`}
      known={knownFields(profile)}
      fields={(data) => bodyOf({ data, profile, mappings, headers, before: provider })}
    >
      {(errors) => (
        <div className="beside">
          <Steps profile={profile} redirect={redirect} provider={provider} />
          <div className="beside-form">
            <Field
              label="Name"
              name="label"
              hint="What people read on the sign-in page."
              required
              data-autofocus
              defaultValue={provider ? (provider.label ?? "") : profile.label}
              error={errors.label}
            />
            {!provider && (
              <Field
                label="ID"
                name="id"
                hint="Part of the redirect URI. It stays."
                required
                value={id}
                onChange={(event) => setId(event.target.value)}
                onBlur={() => setId(slugOf(id))}
                error={errors.id}
              />
            )}
            <Options profile={profile} provider={provider} errors={errors} />
            <Field
              label="Client ID"
              name="client_id"
              required
              defaultValue={provider?.client_id}
              error={errors.client_id}
            />
            <Field
              label="Client secret"
              name="client_secret"
              type="password"
              autoComplete="new-password"
              hint={
                provider?.has_client_secret
                  ? "It is set. Left empty, it stays."
                  : "Kept encrypted, and never shown again."
              }
              error={errors.client_secret}
            />
            <Roles
              provider={provider}
              profile={profile}
              errors={errors}
              mappings={mappings}
              onMappings={setMappings}
            />
            <Access provider={provider} errors={errors} />
            <More
              provider={provider}
              profile={profile}
              errors={errors}
              headers={headers}
              onHeaders={setHeaders}
            />
          </div>
        </div>
      )}
    </ObjectDialog>
  );
}

interface Part {
  profile: SignInProfile;
  provider: SignInProvider | undefined;
  errors: Readonly<Record<string, string>>;
}

/** What this kind of provider alone has. The server makes the issuer of it, where there is a pattern. */
function Options({ profile, provider, errors }: Part) {
  return (
    <>
      {asksIssuer(profile) && (
        <Field
          label="Issuer"
          name="issuer"
          type="url"
          hint={profile.fields.issuer}
          placeholder="https://id.example.com"
          defaultValue={provider?.issuer ?? ""}
          error={errors.issuer}
        />
      )}
      {optionsOf(profile).map((name, index) => (
        <Field
          key={name}
          label={capital(name.replaceAll("_", " "))}
          name={`options.${name}`}
          hint={profile.fields[name]}
          defaultValue={provider?.options[name]}
          // What is said of all of them stands at the first.
          error={errors[`options.${name}`] ?? (index === 0 ? errors.options : undefined)}
        />
      ))}
    </>
  );
}

/** What to do at the provider meanwhile. */
function Steps({ profile, redirect, provider }: Omit<Part, "errors"> & { redirect: string }) {
  const [open, setOpen] = useState(() => matchMedia(ROOM).matches);
  const known = {
    redirect_uri: redirect,
    issuer: provider?.issuer ?? "",
    client_id: provider?.client_id ?? "",
  };
  return (
    <section className="beside-note" aria-label={`At ${profile.label}`}>
      <h3>At {profile.label}</h3>
      <p className="small muted">Redirect URI</p>
      <code className="line">{redirect}</code>
      <CopyButton text={redirect} label="Copy redirect URI" />
      <details className="fold" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>What to do there</summary>
        <ol className="small">
          {profile.steps.map((step) => (
            <li key={step}>
              {stepParts(step, known).map(({ text, code }) =>
                code ? <code key={text}>{text}</code> : <span key={text}>{text}</span>,
              )}
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
