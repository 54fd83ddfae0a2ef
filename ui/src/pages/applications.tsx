import { Link, useSearchParams } from "wouter";
import { Badge } from "../components/badge";
import { ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { None } from "../components/none";
import { type Application, applications } from "../directory/applications";
import { ApplicationDialog } from "./application-dialog";

const COLUMNS: Column<Application>[] = [
  {
    id: "name",
    header: "Name",
    sort: (application) => application.name,
    cell: (application) => (
      <span className="name">
        <Link href={`/applications/${application.slug}`}>{application.name}</Link>{" "}
        {application.meta_hide && <Badge>hidden</Badge>}
      </span>
    ),
  },
  {
    id: "slug",
    header: "Slug",
    sort: (application) => application.slug,
    cell: (application) => <code className="name">{application.slug}</code>,
  },
  {
    id: "group",
    header: "Group",
    sort: (application) => application.group,
    cell: (application) => application.group || <None />,
  },
  {
    id: "provider",
    header: "Provider",
    sort: (application) => application.provider_obj?.name ?? "",
    cell: ({ provider_obj: provider }) =>
      provider ? <Link href={`/providers/${provider.pk}`}>{provider.name}</Link> : <None />,
  },
];

export function ApplicationsPage() {
  const [params] = useSearchParams();
  const provider = Number(params.get("provider")) || null;
  return (
    <ListPage
      kind={applications}
      columns={COLUMNS}
      searchText={({ name, slug, group, meta_publisher }) => `${name} ${slug} ${group} ${meta_publisher}`}
      filterHint="Filter by name, slug or group"
      dialog={(dialog) => <ApplicationDialog provider={provider} {...dialog} />}
    />
  );
}
