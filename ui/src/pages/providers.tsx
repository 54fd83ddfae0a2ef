import { useState } from "react";
import { Link, useLocation } from "wouter";
import { CreateMenu } from "../components/create-menu";
import { ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { None } from "../components/none";
import { ShownOnce } from "../components/shown-once";
import { type Provider, providers } from "../directory/applications";
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
    cell: (provider) => <ItsApplication of={provider} />,
  },
  {
    id: "client",
    header: "Client ID",
    sort: (provider) => provider.client_id,
    cell: (provider) => <code className="name">{provider.client_id}</code>,
  },
  { id: "type", header: "Type", cell: () => "OAuth2/OpenID Provider" },
];

export function ItsApplication({ of }: { of: Provider }) {
  if (!of.assigned_application_slug) return <None words="none yet" />;
  return <Link href={`/applications/${of.assigned_application_slug}`}>{of.assigned_application_name}</Link>;
}

export function ProvidersPage() {
  const [made, setMade] = useState<Provider | null>(null);
  const [, go] = useLocation();
  return (
    <ListPage
      kind={providers}
      columns={COLUMNS}
      searchText={(one) => `${one.name} ${one.client_id} ${one.assigned_application_name}`}
      filterHint="Filter by name or client"
      create={(open) => (
        <CreateMenu
          items={[
            {
              label: "OAuth2/OpenID Provider",
              note: "Lets people sign in to an application",
              onChoose: open,
            },
          ]}
        />
      )}
      dialog={({ onClose, onDone }) => (
        <ProviderDialog
          onClose={onClose}
          onDone={(provider) => {
            if (!provider.client_secret) return onDone(provider);
            onClose();
            setMade(provider);
          }}
        />
      )}
    >
      {made && <SecretDialog provider={made} onClose={() => go(`/providers/${made.pk}`)} />}
    </ListPage>
  );
}

function SecretDialog({ provider, onClose }: { provider: Provider; onClose: () => void }) {
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
