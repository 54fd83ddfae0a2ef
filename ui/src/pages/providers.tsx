import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { Provider } from "../authentik";
import { CreateMenu } from "../components/create-menu";
import { type Column, ListTable } from "../components/list-table";
import { Page } from "../components/page";
import { ShownOnce } from "../components/shown-once";
import { useShell } from "../context";
import { useDialogParam } from "../dialog-param";
import { useProviders } from "../directory-queries";
import { isAdmin, seesEveryone } from "../permissions";
import { OnlySome } from "./only-some";
import { ProviderDialog } from "./provider-dialog";

const COLUMNS: Column<Provider>[] = [
  {
    id: "name",
    header: "Name",
    sort: (provider) => provider.name,
    cell: (provider) => <Link href={`/providers/${provider.pk}`}>{provider.name}</Link>,
  },
  {
    id: "application",
    header: "Application",
    sort: (provider) => provider.assigned_application_name,
    cell: (provider) =>
      provider.assigned_application_slug ? (
        <Link href={`/applications/${provider.assigned_application_slug}`}>
          {provider.assigned_application_name}
        </Link>
      ) : (
        <span className="muted">none yet</span>
      ),
  },
  {
    id: "client",
    header: "Client ID",
    sort: (provider) => provider.client_id,
    cell: (provider) => <code className="name">{provider.client_id}</code>,
  },
  { id: "type", header: "Type", cell: () => "OAuth2/OpenID Provider" },
];

export function ProvidersPage() {
  const { me } = useShell();
  const [adding, setAdding] = useDialogParam("provider");
  const [made, setMade] = useState<Provider | null>(null);
  const [, go] = useLocation();
  if (!seesEveryone(me)) return <OnlySome title="Providers" what="providers" />;
  const create = isAdmin(me) && (
    <CreateMenu
      items={[
        {
          label: "OAuth2/OpenID Provider",
          note: "Lets people sign in to an application",
          onChoose: () => setAdding(true),
        },
      ]}
    />
  );
  const toProvider = (provider: Provider) => go(`/providers/${provider.pk}`);
  return (
    <Page title="Providers" action={create}>
      <Providers />
      {adding && isAdmin(me) && (
        <ProviderDialog
          onClose={() => setAdding(false)}
          onDone={(provider) => {
            if (provider.client_secret) {
              setAdding(false);
              setMade(provider);
            } else toProvider(provider);
          }}
        />
      )}
      {made && <SecretDialog provider={made} onClose={() => toProvider(made)} />}
    </Page>
  );
}

function Providers() {
  return (
    <ListTable
      noun="provider"
      query={useProviders()}
      columns={COLUMNS}
      rowKey={(provider) => String(provider.pk)}
      searchText={(provider) =>
        `${provider.name} ${provider.client_id} ${provider.assigned_application_name}`
      }
      filterHint="Filter by name or client"
      initialSort="name"
      empty={
        <div className="empty">
          <p>There are no providers yet.</p>
        </div>
      }
    />
  );
}

export function SecretDialog({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  return (
    <ShownOnce
      title="Copy the client secret now"
      label="Client Secret"
      secret={provider.client_secret}
      onClose={onClose}
    >
      <p>
        <strong>{provider.name}</strong> knows its application by this secret. Nobody can show it again.
      </p>
    </ShownOnce>
  );
}
