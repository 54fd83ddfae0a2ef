import { useState } from "react";
import { AreaField, Choices, SelectField } from "../components/controls";
import { Field } from "../components/field";
import { textOf } from "../components/form-dialog";
import { Awaited, ObjectDialog } from "../components/object-dialog";
import { Segmented } from "../components/segmented";
import { type Provider, type ProviderFields, providers } from "../directory/applications";
import { useProviderParts } from "../directory/queries";
import { jsonObject } from "../format/json-object";
import { CLIENT_TYPES, type ClientType, SUBJECTS, scopeLabel, uriLines, urisOf } from "../format/provider";
import { ADVANCED, Advanced } from "./provider-advanced";

const KNOWN = [
  "name",
  "authorization_flow",
  "client_type",
  "client_id",
  "client_secret",
  "redirect_uris",
  "property_mappings",
  "sub_mode",
  ...ADVANCED,
];
const USUAL_SCOPES = ["openid", "email", "profile"];

interface Props {
  /** Without one, a new provider is made. */
  provider?: Provider;
  onClose: () => void;
  onDone: (provider: Provider) => void;
}

export function ProviderDialog(props: Props) {
  return (
    <Awaited
      title="OAuth2/OpenID Provider"
      what="what there is to choose"
      query={useProviderParts()}
      onClose={props.onClose}
    >
      {({ flows, keys, mappings }) => (
        <ProviderForm
          {...props}
          flows={flows.map((flow) => ({ value: flow.pk, label: flow.slug }))}
          keys={keys.map((key) => ({ value: key.pk, label: key.name }))}
          scopes={mappings.map((mapping) => ({
            value: mapping.pk,
            label: scopeLabel(mapping),
            note: mapping.managed ? undefined : mapping.scope_name,
            usual: mapping.managed !== null && USUAL_SCOPES.includes(mapping.scope_name),
          }))}
        />
      )}
    </Awaited>
  );
}

interface Option {
  value: string;
  label: string;
}

interface FormProps extends Props {
  flows: Option[];
  keys: Option[];
  scopes: (Option & { note: string | undefined; usual: boolean })[];
}

function ProviderForm({ provider, flows, keys, scopes, ...dialog }: FormProps) {
  const [type, setType] = useState<ClientType>(provider?.client_type ?? "confidential");
  const [chosen, setChosen] = useState<readonly string[]>(
    provider?.property_mappings ?? scopes.filter((one) => one.usual).map((one) => one.value),
  );
  return (
    <ObjectDialog
      {...dialog}
      kind={providers}
      object={provider}
      noun="OAuth2/OpenID Provider"
      known={KNOWN}
      fields={(data) => ({ ...fieldsOf(data), client_type: type, property_mappings: [...chosen] })}
    >
      {(errors) => (
        <>
          <Field
            label="Name"
            name="name"
            required
            data-autofocus
            defaultValue={provider?.name}
            error={errors.name}
          />
          <SelectField
            label="Authorization flow"
            name="authorization_flow"
            hint="With implicit consent nobody is asked; with explicit consent people see what the application gets."
            options={flows}
            defaultValue={provider?.authorization_flow}
            error={errors.authorization_flow}
          />
          <Segmented field legend="Client type" options={CLIENT_TYPES} value={type} onChange={setType} />
          <Field
            label="Client ID"
            name="client_id"
            hint="Left empty, one is made."
            optional
            defaultValue={provider?.client_id}
            error={errors.client_id}
          />
          {type === "confidential" && (
            <Field
              label="Client Secret"
              name="client_secret"
              type="password"
              autoComplete="new-password"
              hint={
                provider
                  ? "Left empty, the secret stays as it is."
                  : "16 characters or more. Left empty, one is made and shown once."
              }
              optional
              error={errors.client_secret}
            />
          )}
          <AreaField
            label="Redirect URIs"
            name="redirect_uris"
            hint={
              <>
                One a line, matched to the letter. Write <code>logout</code> in front of one that sign-out
                returns to, and <code>regex</code> in front of a pattern.
              </>
            }
            placeholder="https://llm.example.com/sso/callback"
            defaultValue={provider && uriLines(provider.redirect_uris)}
            error={errors.redirect_uris}
          />
          <Choices
            legend="Scopes"
            options={scopes}
            chosen={chosen}
            onChange={setChosen}
            empty="There are no scope mappings."
            hint="A claim is given only when its mapping is chosen here and its scope is asked for."
            error={errors.property_mappings}
          />
          <SelectField
            label="Subject mode"
            name="sub_mode"
            hint="What the application knows people by."
            options={SUBJECTS}
            defaultValue={provider?.sub_mode}
            error={errors.sub_mode}
          />
          <Advanced provider={provider} keys={keys} errors={errors} />
        </>
      )}
    </ObjectDialog>
  );
}

function fieldsOf(data: FormData): Omit<ProviderFields, "client_type" | "property_mappings"> {
  const secret = textOf(data, "client_secret");
  const id = textOf(data, "client_id");
  return {
    name: textOf(data, "name"),
    authorization_flow: textOf(data, "authorization_flow"),
    ...(id ? { client_id: id } : {}),
    ...(secret ? { client_secret: secret } : {}),
    redirect_uris: urisOf(textOf(data, "redirect_uris")),
    sub_mode: textOf(data, "sub_mode"),
    signing_key: textOf(data, "signing_key"),
    access_code_validity: textOf(data, "access_code_validity"),
    access_token_validity: textOf(data, "access_token_validity"),
    refresh_token_validity: textOf(data, "refresh_token_validity"),
    consent_validity: textOf(data, "consent_validity"),
    grant_types: data.getAll("grant_types").map(String),
    issuer_mode: textOf(data, "issuer_mode"),
    logout_uri: textOf(data, "logout_uri"),
    logout_method: textOf(data, "logout_method"),
    jwks: jsonObject(textOf(data, "jwks"), "jwks"),
    require_pkce: data.has("require_pkce"),
    include_claims_in_id_token: data.has("include_claims_in_id_token"),
  };
}
