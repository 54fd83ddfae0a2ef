import { useRef, useState } from "react";
import { AreaField, CheckField, SelectField } from "../components/controls";
import { Field } from "../components/field";
import { Fold } from "../components/fold";
import { Icon } from "../components/icons";
import { FieldError } from "../components/labelled";
import { Warning } from "../components/problem";
import type { SignInProfile, SignInProvider } from "../directory/sign-in";
import { asksIssuer, CLAIMS, CLIENT_AUTHS, ENDPOINTS, type HeaderRow, keptLines } from "../format/sign-in";

const FIELDS = [
  ...["scope", "client_auth", "private_key", "use_pkce", "ca", "verify_tls", "clock_skew_s", "headers"],
  ...["token_claims", "claims.extra", "claims.kept"],
  ...ENDPOINTS.map((one) => one.name),
  ...CLAIMS.map((one) => `claims.${one.name}`),
];

interface Props {
  provider: SignInProvider | undefined;
  profile: SignInProfile;
  errors: Readonly<Record<string, string>>;
  headers: HeaderRow[];
  onHeaders: (rows: HeaderRow[]) => void;
}

/** What most providers never need to have changed. */
export function More({ provider, profile, errors, headers, onHeaders }: Props) {
  const [verifies, setVerifies] = useState(provider?.verify_tls ?? true);
  const names = asksIssuer(profile) ? FIELDS : [...FIELDS, "issuer"];
  return (
    <Fold title="More" names={names} errors={errors}>
      <Field
        label="Scope"
        name="scope"
        defaultValue={provider?.scope ?? profile.scope}
        error={errors.scope}
      />
      <SelectField
        label="Client authentication"
        name="client_auth"
        options={CLIENT_AUTHS}
        defaultValue={provider?.client_auth ?? profile.client_auth}
        error={errors.client_auth}
      />
      <AreaField
        label="Private key"
        name="private_key"
        hint={
          provider?.has_private_key
            ? "It is set. Left empty, it stays."
            : "PEM or a JWK, for private_key_jwt. Kept encrypted, and never shown again."
        }
        optional
        error={errors.private_key}
      />
      <CheckField
        label="Use PKCE"
        name="use_pkce"
        hint="Off only for a provider that refuses it."
        defaultChecked={provider?.use_pkce ?? true}
      />
      <Addresses provider={provider} profile={profile} errors={errors} />
      <AreaField
        label="Certificate authority"
        name="ca"
        hint="PEM, trusted beside the system's authorities."
        optional
        placeholder="-----BEGIN CERTIFICATE-----"
        defaultValue={provider?.ca ?? ""}
        error={errors.ca}
      />
      <CheckField
        label="Verify the provider's certificate"
        name="verify_tls"
        hint="A certificate authority above is the safe way to a private certificate."
        checked={verifies}
        onChange={setVerifies}
      />
      {!verifies && (
        <Warning>
          <p>
            Whoever is between here and the provider can sign in as anybody, administrators included. Use this
            for a test and never for longer.
          </p>
        </Warning>
      )}
      <Field
        label="Clock skew (seconds)"
        name="clock_skew_s"
        type="number"
        min={0}
        max={300}
        defaultValue={provider?.clock_skew_s ?? 120}
        error={errors.clock_skew_s}
      />
      <Headers rows={headers} onChange={onHeaders} error={errors.headers} />
      <ClaimFields provider={provider} profile={profile} errors={errors} />
    </Fold>
  );
}

type Part = Pick<Props, "provider" | "profile" | "errors">;

function Addresses({ provider, profile, errors }: Part) {
  return (
    <>
      {!asksIssuer(profile) && (
        <Field
          label="Issuer"
          name="issuer"
          type="url"
          hint={provider ? undefined : "Left empty, it is made of what is said above."}
          optional
          defaultValue={provider?.issuer ?? ""}
          error={errors.issuer}
        />
      )}
      {ENDPOINTS.map(({ name, label }) => (
        <Field
          key={name}
          label={label}
          name={name}
          type="url"
          hint={
            name === "authorization_endpoint"
              ? "Addresses that are left empty are found at the issuer."
              : undefined
          }
          optional
          defaultValue={provider?.[name] ?? ""}
          error={errors[name]}
        />
      ))}
    </>
  );
}

function ClaimFields({ provider, profile, errors }: Part) {
  const claims = provider?.claims ?? profile.claims;
  return (
    <>
      {CLAIMS.map(({ name, label }) => (
        <Field
          key={name}
          label={label}
          name={`claims.${name}`}
          defaultValue={claims[name]}
          error={errors[`claims.${name}`]}
        />
      ))}
      <CheckField
        label="Claims of the access token count"
        name="token_claims"
        hint="Where it is a JWT that can be verified. They count under all others."
        defaultChecked={provider?.token_claims ?? profile.token_claims}
      />
      <AreaField
        label="Extra claims"
        name="claims.extra"
        hint="One a line: claims that what is kept below may take from."
        optional
        defaultValue={claims.extra.join("\n")}
        error={errors["claims.extra"]}
      />
      <AreaField
        label="Kept claims"
        name="claims.kept"
        hint="One a line: a claim, and where in the person's metadata it is kept."
        optional
        placeholder="department -> department"
        defaultValue={keptLines(claims.kept)}
        error={errors["claims.kept"]}
      />
    </>
  );
}

interface HeadersProps {
  rows: HeaderRow[];
  onChange: (rows: HeaderRow[]) => void;
  error: string | undefined;
}

function Headers({ rows, onChange, error }: HeadersProps) {
  const adding = useRef<HTMLButtonElement>(null);
  const change = (row: HeaderRow, changed: Partial<HeaderRow>) =>
    onChange(rows.map((one) => (one === row ? { ...one, ...changed } : one)));
  const add = () => {
    const id = Math.max(-1, ...rows.map((one) => one.id)) + 1;
    onChange([...rows, { id, name: "", value: "", stored: false }]);
  };
  const input = { className: "input", autoComplete: "off", spellCheck: false };
  return (
    <fieldset
      className="field fieldset"
      aria-describedby={error ? "headers-hint headers-error" : "headers-hint"}
    >
      <legend className="label">
        Headers<span className="optional"> optional</span>
      </legend>
      <p className="hint" id="headers-hint">
        Sent to the token and userinfo endpoints. Values are never shown again.
      </p>
      {rows.map((row, index) => (
        <div key={row.id} className="parameter" role="group" aria-label={`Header ${index + 1}`}>
          <input
            {...input}
            aria-label={`Name of header ${index + 1}`}
            aria-invalid={error ? true : undefined}
            placeholder="name"
            readOnly={row.stored}
            value={row.name}
            onChange={(event) => change(row, { name: event.target.value })}
          />
          <input
            {...input}
            type="password"
            autoComplete="new-password"
            aria-label={`Value of header ${index + 1}`}
            placeholder={row.stored ? "stays as it is" : "value"}
            value={row.value}
            onChange={(event) => change(row, { value: event.target.value })}
          />
          <button
            type="button"
            className="button button-bare"
            aria-label={`Remove ${row.name.trim() || `header ${index + 1}`}`}
            onClick={() => {
              onChange(rows.filter((one) => one !== row));
              adding.current?.focus();
            }}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <FieldError id="headers-error" error={error} />
      <span>
        <button type="button" className="button" ref={adding} onClick={add}>
          <Icon name="plus" />
          Add header
        </button>
      </span>
    </fieldset>
  );
}
