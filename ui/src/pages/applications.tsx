import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { type Application, type ApplicationFields, applications } from "../authentik";
import { Badge } from "../components/badge";
import { AreaField, CheckField, SelectField } from "../components/controls";
import { Dialog } from "../components/dialog";
import { Field } from "../components/field";
import { FormDialog, textOf } from "../components/form-dialog";
import { type Column, ListTable } from "../components/list-table";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { Problem } from "../components/problem";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useDialogParam } from "../dialog-param";
import { useApplications, useEveryProvider } from "../directory-queries";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh } from "../queries";
import { OnlySome } from "./only-some";

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
    cell: (application) => application.group || <span className="muted">none</span>,
  },
  {
    id: "provider",
    header: "Provider",
    sort: (application) => application.provider_obj?.name ?? "",
    cell: ({ provider_obj: provider }) =>
      provider ? (
        <Link href={`/providers/${provider.pk}`}>{provider.name}</Link>
      ) : (
        <span className="muted">none</span>
      ),
  },
];

export function ApplicationsPage() {
  const { me } = useShell();
  const [adding, setAdding] = useDialogParam("application");
  const [params] = useSearchParams();
  const [, go] = useLocation();
  if (!seesEveryone(me)) return <OnlySome title="Applications" what="every application" />;
  const create = isAdmin(me) && (
    <button
      type="button"
      className="button button-primary"
      data-shortcut="new"
      onClick={() => setAdding(true)}
    >
      Create
    </button>
  );
  return (
    <Page title="Applications" action={create}>
      <Applications />
      {adding && isAdmin(me) && (
        <ApplicationDialog
          provider={Number(params.get("provider")) || null}
          onClose={() => setAdding(false)}
          onDone={(made) => go(`/applications/${made.slug}`)}
        />
      )}
    </Page>
  );
}

function Applications() {
  return (
    <ListTable
      noun="application"
      query={useApplications()}
      columns={COLUMNS}
      rowKey={(application) => application.pk}
      searchText={({ name, slug, group, meta_publisher }) => `${name} ${slug} ${group} ${meta_publisher}`}
      filterHint="Filter by name, slug or group"
      initialSort="name"
      empty={
        <div className="empty">
          <p>There are no applications yet.</p>
        </div>
      }
    />
  );
}

interface DialogProps {
  /** Without one, a new application is made. */
  application?: Application;
  provider?: number | null;
  onClose: () => void;
  onDone: (application: Application) => void;
}

const KNOWN = [
  "name",
  "slug",
  "provider",
  "meta_launch_url",
  "group",
  "meta_publisher",
  "meta_icon",
  "meta_description",
];

/** Waits for the providers, so that the right one is chosen from the start. */
export function ApplicationDialog(props: DialogProps) {
  const every = useEveryProvider();
  if (every.data) {
    const own = props.application?.provider ?? props.provider ?? null;
    const options = every.data
      .filter((one) => one.assigned_application_slug === "" || one.pk === own)
      .map((one) => ({ value: String(one.pk), label: one.name }));
    return <ApplicationForm {...props} own={own} options={options} />;
  }
  return (
    <Dialog title="Application" onClose={props.onClose}>
      <div className="dialog-body">
        {every.isError ? <Problem error={every.error} /> : <Loading what="the providers" rows={4} />}
      </div>
    </Dialog>
  );
}

interface FormProps extends DialogProps {
  own: number | null;
  options: { value: string; label: string }[];
}

function ApplicationForm({ application, own, options, onClose, onDone }: FormProps) {
  const refresh = useRefresh();
  const toast = useToast();
  const [slug, setSlug] = useState(application?.slug ?? "");
  const [typed, setTyped] = useState(application !== undefined);
  const save = (data: FormData) => {
    const fields = fieldsOf(data);
    return application ? applications.change(application.slug, fields) : applications.create(fields);
  };
  return (
    <FormDialog
      title={application ? `Edit ${application.name}` : "Create application"}
      act={application ? "Save" : "Create"}
      known={KNOWN}
      run={save}
      onDone={(saved) => {
        toast(application ? `Saved ${saved.name}` : `Created ${saved.name}`);
        refresh("applications", "providers");
        onDone(saved);
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <Field
            label="Name"
            name="name"
            required
            data-autofocus
            defaultValue={application?.name}
            onChange={(event) => {
              if (!typed) setSlug(slugOf(event.target.value));
            }}
            error={errors.name}
          />
          <Field
            label="Slug"
            name="slug"
            hint="Its part of the provider's addresses."
            required
            value={slug}
            onChange={(event) => {
              setTyped(true);
              setSlug(event.target.value);
            }}
            error={errors.slug}
          />
          <SelectField
            label="Provider"
            name="provider"
            hint="Providers that no other application has."
            options={[{ value: "", label: "None" }, ...options]}
            defaultValue={own === null ? "" : String(own)}
            error={errors.provider}
          />
          <Field
            label="Launch URL"
            name="meta_launch_url"
            type="url"
            hint="Where people go from My applications."
            optional
            defaultValue={application?.meta_launch_url}
            error={errors.meta_launch_url}
          />
          <CheckField
            label="Open in new tab"
            name="open_in_new_tab"
            hint="My applications stays where it is."
            defaultChecked={application?.open_in_new_tab ?? false}
          />
          <div className="field-row">
            <Field
              label="Group"
              name="group"
              hint="A heading in My applications."
              optional
              defaultValue={application?.group}
              error={errors.group}
            />
            <Field
              label="Publisher"
              name="meta_publisher"
              hint="Who makes it."
              optional
              defaultValue={application?.meta_publisher}
              error={errors.meta_publisher}
            />
          </div>
          <Field
            label="Icon"
            name="meta_icon"
            hint="The address of an image."
            optional
            defaultValue={application?.meta_icon ?? ""}
            error={errors.meta_icon}
          />
          <AreaField
            label="Description"
            name="meta_description"
            optional
            defaultValue={application?.meta_description}
            error={errors.meta_description}
          />
        </>
      )}
    </FormDialog>
  );
}

function fieldsOf(data: FormData): ApplicationFields {
  const provider = textOf(data, "provider");
  return {
    name: textOf(data, "name"),
    slug: textOf(data, "slug"),
    provider: provider ? Number(provider) : null,
    meta_launch_url: textOf(data, "meta_launch_url"),
    open_in_new_tab: data.has("open_in_new_tab"),
    group: textOf(data, "group"),
    meta_publisher: textOf(data, "meta_publisher"),
    meta_icon: textOf(data, "meta_icon"),
    meta_description: textOf(data, "meta_description"),
  };
}

/** A name as part of an address. */
const slugOf = (name: string) =>
  name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100);
