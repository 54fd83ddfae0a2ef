import { Link, useLocation } from "wouter";
import { Badge } from "../components/badge";
import { CreateMenu } from "../components/create-menu";
import { ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { type ScopeMapping, scopeMappings } from "../directory/applications";

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
  const [, go] = useLocation();
  return (
    <ListPage
      kind={scopeMappings}
      columns={COLUMNS}
      searchText={(mapping) => `${mapping.name} ${mapping.scope_name}`}
      filterHint="Filter by name or scope"
      create={() => (
        <CreateMenu
          items={[
            {
              label: "Scope Mapping",
              note: "Claims that a scope gives",
              onChoose: () => go("/property-mappings/new"),
            },
          ]}
        />
      )}
    />
  );
}
