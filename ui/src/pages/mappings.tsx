import { Link, useLocation } from "wouter";
import type { ScopeMapping } from "../authentik";
import { Badge } from "../components/badge";
import { CreateMenu } from "../components/create-menu";
import { type Column, ListTable } from "../components/list-table";
import { Page } from "../components/page";
import { useShell } from "../context";
import { useScopeMappings } from "../directory-queries";
import { isAdmin, seesEveryone } from "../permissions";
import { OnlySome } from "./only-some";

const COLUMNS: Column<ScopeMapping>[] = [
  {
    id: "name",
    header: "Name",
    sort: (mapping) => mapping.name,
    cell: (mapping) => (
      <span className="name">
        <Link href={`/property-mappings/${mapping.pk}`}>{mapping.name}</Link>{" "}
        {mapping.managed && <Badge title="Comes with Gatewright">packaged</Badge>}{" "}
        {mapping.required && <Badge tone="accent">required</Badge>}
      </span>
    ),
  },
  {
    id: "scope",
    header: "Scope name",
    sort: (mapping) => mapping.scope_name,
    cell: (mapping) => <code>{mapping.scope_name}</code>,
  },
  { id: "type", header: "Type", cell: () => "Scope Mapping" },
];

export function MappingsPage() {
  const { me } = useShell();
  const [, go] = useLocation();
  if (!seesEveryone(me)) return <OnlySome title="Property Mappings" what="property mappings" />;
  const create = isAdmin(me) && (
    <CreateMenu
      items={[
        {
          label: "Scope Mapping",
          note: "Claims that a scope gives",
          onChoose: () => go("/property-mappings/new"),
        },
      ]}
    />
  );
  return (
    <Page title="Property Mappings" action={create}>
      <Mappings />
    </Page>
  );
}

function Mappings() {
  return (
    <ListTable
      noun="mapping"
      query={useScopeMappings()}
      columns={COLUMNS}
      rowKey={(mapping) => mapping.pk}
      searchText={(mapping) => `${mapping.name} ${mapping.scope_name}`}
      filterHint="Filter by name or scope"
      initialSort="name"
      empty={
        <div className="empty">
          <p>There are no property mappings.</p>
        </div>
      }
    />
  );
}
