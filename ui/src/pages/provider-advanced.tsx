import { useState } from "react";
import { AreaField, Boxes, CheckField, SelectField } from "../components/controls";
import { Field } from "../components/field";
import type { Provider } from "../directory/applications";
import { jsonText } from "../format/json-object";
import { GRANTS, ISSUERS, LIVES, LOGOUTS } from "../format/provider";

const USUAL_GRANTS = ["authorization_code", "refresh_token"];

export const ADVANCED = [
  "signing_key",
  ...LIVES.map((life) => life.name),
  "consent_validity",
  "grant_types",
  "issuer_mode",
  "logout_uri",
  "logout_method",
  "jwks",
];

interface Props {
  provider: Provider | undefined;
  keys: readonly { value: string; label: string }[];
  errors: Readonly<Record<string, string>>;
}

/** What most clients never need to have changed. */
export function Advanced({ provider, keys, errors }: Props) {
  const [open, setOpen] = useState(false);
  const wrong = ADVANCED.some((name) => errors[name]);
  return (
    <details
      className="fold"
      // What has to be mended is in sight, and can take the focus.
      open={open || wrong}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>Advanced protocol settings</summary>
      <div className="fold-body fold-wide">
        <SelectField
          label="Signing Key"
          name="signing_key"
          options={keys}
          defaultValue={provider?.signing_key}
          error={errors.signing_key}
        />
        <Lives provider={provider} errors={errors} />
        <Boxes
          legend="Grant types"
          name="grant_types"
          options={GRANTS}
          checked={provider?.grant_types ?? USUAL_GRANTS}
          hint="With none, the first two."
          error={errors.grant_types}
        />
        <SelectField
          label="Issuer mode"
          name="issuer_mode"
          options={ISSUERS}
          defaultValue={provider?.issuer_mode}
          error={errors.issuer_mode}
        />
        <Field
          label="Logout URI"
          name="logout_uri"
          type="url"
          hint="What is told that somebody signed out."
          optional
          defaultValue={provider?.logout_uri}
          error={errors.logout_uri}
        />
        <SelectField
          label="Logout Method"
          name="logout_method"
          options={LOGOUTS}
          defaultValue={provider?.logout_method}
          error={errors.logout_method}
        />
        <AreaField
          label="JWKS"
          name="jwks"
          hint="The client's public keys, when it proves itself by private_key_jwt."
          optional
          placeholder='{"keys": []}'
          defaultValue={jsonText(provider?.jwks ?? {})}
          error={errors.jwks}
        />
        <CheckField
          label="Require PKCE"
          name="require_pkce"
          hint="Public clients have to use it anyhow."
          defaultChecked={provider?.require_pkce ?? false}
        />
        <CheckField
          label="Include claims in ID token"
          name="include_claims_in_id_token"
          hint="For applications that do not ask the userinfo endpoint."
          defaultChecked={provider?.include_claims_in_id_token ?? true}
        />
      </div>
    </details>
  );
}

function Lives({ provider, errors }: Pick<Props, "provider" | "errors">) {
  return (
    <>
      <p className="hint">
        Times are written as weeks=, days=, hours=, minutes= and seconds=, with ; between.
      </p>
      {LIVES.map((life) => (
        <Field
          key={life.name}
          label={life.label}
          name={life.name}
          defaultValue={provider?.[life.name] ?? life.usual}
          error={errors[life.name]}
        />
      ))}
      <Field
        label="Consent validity"
        name="consent_validity"
        hint="Until people are asked again; left empty, never."
        optional
        defaultValue={provider ? (provider.consent_validity ?? "") : "weeks=4"}
        error={errors.consent_validity}
      />
    </>
  );
}
