import { type ReactNode, useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { type Provider, providers, type SetupUrls } from "../authentik";
import { Chips } from "../components/badge";
import { Confirm } from "../components/confirm";
import { CopyButton } from "../components/copy";
import { Fact } from "../components/fact";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { Problem, Warning } from "../components/problem";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useEveryMapping, useProvider, useSetupUrls } from "../directory-queries";
import { scopeLabel, subjectInWords, uriLines } from "../format/provider";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh } from "../queries";
import { OnlySome } from "./only-some";
import { ProviderDialog } from "./provider-dialog";

const UP = { href: "/providers", label: "Providers" };

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
  const { me } = useShell();
  const { pk } = useParams();
  const provider = useProvider(Number(pk));
  if (!seesEveryone(me)) return <OnlySome title="Provider" what="providers" />;
  if (provider.data) return <Shown provider={provider.data} />;
  return (
    <Page title="Provider" up={UP}>
      {provider.isPending ? (
        <section className="panel">
          <Loading what="the provider" rows={6} />
        </section>
      ) : (
        <Problem error={provider.error} onRetry={() => provider.refetch()} />
      )}
    </Page>
  );
}

function Shown({ provider }: { provider: Provider }) {
  const { me } = useShell();
  const [, go] = useLocation();
  const refresh = useRefresh();
  const toast = useToast();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const close = () => setOpen(null);
  const acts: ReactNode = isAdmin(me) && (
    <>
      <button type="button" className="button button-bad" onClick={() => setOpen("delete")}>
        Delete
      </button>
      <button type="button" className="button button-primary" onClick={() => setOpen("edit")}>
        Edit
      </button>
    </>
  );
  return (
    <Page title={provider.name} up={UP} action={acts}>
      {!provider.assigned_application_slug && (
        <Warning>
          <p>
            No application has this provider yet, so nobody can sign in with it.{" "}
            {isAdmin(me) && (
              <Link href={`/applications?new=application&provider=${provider.pk}`}>
                Create the application
              </Link>
            )}
          </p>
        </Warning>
      )}
      <Urls pk={provider.pk} />
      <Facts provider={provider} />
      {open === "edit" && <ProviderDialog provider={provider} onClose={close} onDone={close} />}
      {open === "delete" && (
        <Confirm
          title={`Delete ${provider.name}?`}
          act="Delete provider"
          typed={provider.assigned_application_slug ? provider.client_id : undefined}
          onClose={close}
          onConfirm={async () => {
            await providers.remove(provider.pk);
            toast(`Deleted ${provider.name}`);
            go("/providers");
            refresh("providers", "applications");
          }}
        >
          <p>
            Nobody signs in to {provider.assigned_application_name || "its application"} with it any more, and
            its tokens end.
          </p>
        </Confirm>
      )}
    </Page>
  );
}

function Urls({ pk }: { pk: number }) {
  const urls = useSetupUrls(pk);
  return (
    <section className="panel" aria-labelledby="urls-title">
      <header className="panel-head">
        <h2 id="urls-title">Addresses for the application</h2>
      </header>
      {urls.isPending && <Loading what="the addresses" rows={6} />}
      {urls.isError && <Problem error={urls.error} onRetry={() => urls.refetch()} />}
      {urls.data && (
        <ul className="rows" aria-label="Addresses">
          {URLS.map(({ name, label }) => (
            <li key={name} className="row row-wrap">
              <span className="stack">
                <span className="small muted">{label}</span>
                {urls.data[name] === "-" ? (
                  <span className="muted">when it has an application</span>
                ) : (
                  <code className="name">{urls.data[name]}</code>
                )}
              </span>
              {urls.data[name] !== "-" && <CopyButton text={urls.data[name]} label={`Copy ${label}`} />}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Facts({ provider }: { provider: Provider }) {
  const mappings = useEveryMapping();
  const scopes = (mappings.data ?? [])
    .filter((mapping) => provider.property_mappings.includes(mapping.pk))
    .map(scopeLabel);
  return (
    <section className="panel" aria-labelledby="provider-title">
      <header className="panel-head">
        <h2 id="provider-title">Provider</h2>
      </header>
      <dl className="facts">
        <Fact name="Application">
          {provider.assigned_application_slug ? (
            <Link href={`/applications/${provider.assigned_application_slug}`}>
              {provider.assigned_application_name}
            </Link>
          ) : (
            <span className="muted">none yet</span>
          )}
        </Fact>
        <Fact name="Client type">{provider.client_type === "confidential" ? "Confidential" : "Public"}</Fact>
        <Fact name="Client ID">
          <code className="name">{provider.client_id}</code>
        </Fact>
        <Fact name="Client Secret">{provider.has_client_secret ? "set, never shown" : "none"}</Fact>
        <Fact name="Redirect URIs">
          {provider.redirect_uris.length === 0 && <span className="muted">none</span>}
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
        <Fact name="Access token validity">
          <code>{provider.access_token_validity}</code>
        </Fact>
      </dl>
    </section>
  );
}
