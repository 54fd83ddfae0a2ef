import { useState } from "react";
import { Link, useParams } from "wouter";
import { Badge, Chips } from "../components/badge";
import { CopyButton } from "../components/copy";
import { Fact } from "../components/fact";
import { Loading } from "../components/loading";
import { None } from "../components/none";
import { ObjectPage } from "../components/object-page";
import { Panel } from "../components/panel";
import { Problem, Warning } from "../components/problem";
import { useShell } from "../context";
import { type Provider, providers, type SetupUrls } from "../directory/applications";
import { useProviderParts, useSetupUrls } from "../directory/queries";
import { grantInWords, ISSUERS, LIVES, scopeLabel, subjectInWords, uriLines } from "../format/provider";
import { isAdmin } from "../permissions";
import { ProviderDialog } from "./provider-dialog";
import { ItsApplication } from "./providers";
import { RotateSecretDialog } from "./rotate-secret";

const URLS: readonly { name: keyof SetupUrls; label: string }[] = [
  { name: "provider_info", label: "OpenID Configuration URL" },
  { name: "issuer", label: "OpenID Configuration Issuer" },
  { name: "authorize", label: "Authorize URL" },
  { name: "token", label: "Token URL" },
  { name: "user_info", label: "Userinfo URL" },
  { name: "logout", label: "Logout URL" },
  { name: "jwks", label: "JWKS URL" },
];

export function ProviderPage() {
  const { id = "" } = useParams();
  return (
    <ObjectPage
      kind={providers}
      id={id}
      edit={(provider, dialog) => <ProviderDialog provider={provider} {...dialog} />}
      removal={{
        typed: (provider) => (provider.assigned_application_slug ? provider.client_id : undefined),
        words: (provider) => (
          <p>
            Nobody signs in to {provider.assigned_application_name || "its application"} with it any more, and
            its tokens end.
          </p>
        ),
      }}
    >
      {(provider) => (
        <>
          {!provider.assigned_application_slug && <Unused provider={provider} />}
          <Urls pk={provider.pk} />
          <Facts provider={provider} />
        </>
      )}
    </ObjectPage>
  );
}

function Unused({ provider }: { provider: Provider }) {
  const { me } = useShell();
  return (
    <Warning>
      <p>
        No application has this provider yet, so nobody can sign in with it.{" "}
        {isAdmin(me) && (
          <Link href={`/applications?new=application&provider=${provider.pk}`}>Create the application</Link>
        )}
      </p>
    </Warning>
  );
}

function Urls({ pk }: { pk: number }) {
  const urls = useSetupUrls(pk);
  return (
    <Panel title="Addresses for the application">
      {urls.isPending && <Loading what="the addresses" rows={6} />}
      {urls.isError && <Problem error={urls.error} onRetry={() => urls.refetch()} />}
      {urls.data && (
        <ul className="rows" aria-label="Addresses">
          {URLS.map(({ name, label }) => (
            <li key={name} className="row row-wrap">
              <span className="stack">
                <span className="small muted">{label}</span>
                {urls.data[name] === "-" ? (
                  <None words="when it has an application" />
                ) : (
                  <code className="name">{urls.data[name]}</code>
                )}
              </span>
              {urls.data[name] !== "-" && <CopyButton text={urls.data[name]} label={`Copy ${label}`} />}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Facts({ provider }: { provider: Provider }) {
  const { me } = useShell();
  const parts = useProviderParts();
  const [rotating, setRotating] = useState(false);
  const scopes = (parts.data?.mappings ?? [])
    .filter((mapping) => provider.property_mappings.includes(mapping.pk))
    .map(scopeLabel);
  const rotate = isAdmin(me) && provider.client_type === "confidential" && (
    <button type="button" className="button" onClick={() => setRotating(true)}>
      Rotate secret
    </button>
  );
  return (
    <Panel title="Provider" tools={rotate}>
      {rotating && <RotateSecretDialog provider={provider} onClose={() => setRotating(false)} />}
      <dl className="facts">
        <Fact name="Application">
          <ItsApplication of={provider} />
        </Fact>
        <Fact name="Authorization flow">
          {parts.data?.flows.find((one) => one.pk === provider.authorization_flow)?.slug}
        </Fact>
        <Fact name="Client type">{provider.client_type === "confidential" ? "Confidential" : "Public"}</Fact>
        <Fact name="Client ID">
          <code className="name">{provider.client_id}</code>
        </Fact>
        <Fact name="Client Secret">{provider.has_client_secret ? "set, never shown" : "none"}</Fact>
        <Fact name="Redirect URIs">
          {provider.redirect_uris.length === 0 && <None />}
          {uriLines(provider.redirect_uris)
            .split("\n")
            .map((line) => (
              <code key={line} className="line">
                {line}
              </code>
            ))}
        </Fact>
        <Fact name="Scopes">
          <Chips names={scopes} empty="none" shown={scopes.length} />
        </Fact>
        <Fact name="Subject mode">{subjectInWords(provider.sub_mode)}</Fact>
        <Fact name="Signing Key">
          {parts.data?.keys.find((one) => one.pk === provider.signing_key)?.name}
        </Fact>
        {LIVES.map(({ name, label }) => (
          <Fact key={name} name={label}>
            <code>{provider[name]}</code>
          </Fact>
        ))}
        <Fact name="Consent validity">
          {provider.consent_validity === null ? "for ever" : <code>{provider.consent_validity}</code>}
        </Fact>
        <Fact name="Grant types">{provider.grant_types.map(grantInWords).join(", ")}</Fact>
        <Fact name="Issuer mode">
          {ISSUERS.find((one) => one.value === provider.issuer_mode)?.label ?? provider.issuer_mode}
        </Fact>
        <Fact name="Logout URI">
          {provider.logout_uri ? (
            <span className="name">
              {provider.logout_uri} <Badge>{provider.logout_method}</Badge>
            </span>
          ) : (
            <None />
          )}
        </Fact>
        <Fact name="Keys of the client">{provider.jwks ? "its JWKS is set" : <None />}</Fact>
        <Fact name="Require PKCE">{yes(provider.require_pkce || provider.client_type === "public")}</Fact>
        <Fact name="Include claims in ID token">{yes(provider.include_claims_in_id_token)}</Fact>
      </dl>
    </Panel>
  );
}

const yes = (it: boolean) => (it ? "yes" : "no");
