import { useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { type Application, applications, type Binding, bindings } from "../authentik";
import { Badge } from "../components/badge";
import { Confirm } from "../components/confirm";
import { SelectField } from "../components/controls";
import { Fact } from "../components/fact";
import { FormDialog, textOf } from "../components/form-dialog";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { PersonSelect } from "../components/person-select";
import { Problem } from "../components/problem";
import { Segmented } from "../components/segmented";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useApplication, useBindings, useEveryGroup } from "../directory-queries";
import { personName } from "../format/person";
import { isAdmin, seesEveryone } from "../permissions";
import { useRefresh } from "../queries";
import { ApplicationDialog } from "./applications";
import { OnlySome } from "./only-some";

const UP = { href: "/applications", label: "Applications" };

export function ApplicationPage() {
  const { me } = useShell();
  const { slug } = useParams();
  const application = useApplication(slug ?? "");
  if (!seesEveryone(me)) return <OnlySome title="Application" what="every application" />;
  if (application.data) return <Shown application={application.data} />;
  return (
    <Page title="Application" up={UP}>
      {application.isPending ? (
        <section className="panel">
          <Loading what="the application" rows={5} />
        </section>
      ) : (
        <Problem error={application.error} onRetry={() => application.refetch()} />
      )}
    </Page>
  );
}

function Shown({ application }: { application: Application }) {
  const { me } = useShell();
  const [, go] = useLocation();
  const refresh = useRefresh();
  const toast = useToast();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const close = () => setOpen(null);
  const acts = isAdmin(me) && (
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
    <Page title={application.name} up={UP} action={acts}>
      <Facts application={application} />
      <Access application={application} />
      {open === "edit" && (
        <ApplicationDialog
          application={application}
          onClose={close}
          onDone={(saved) => {
            close();
            if (saved.slug !== application.slug) go(`/applications/${saved.slug}`, { replace: true });
          }}
        />
      )}
      {open === "delete" && (
        <Confirm
          title={`Delete ${application.name}?`}
          act="Delete application"
          typed={application.provider === null ? undefined : application.slug}
          onClose={close}
          onConfirm={async () => {
            await applications.remove(application.slug);
            toast(`Deleted ${application.name}`);
            go("/applications");
            refresh("applications", "providers");
          }}
        >
          <p>Nobody signs in to it any more. Its provider stays, without an application.</p>
        </Confirm>
      )}
    </Page>
  );
}

function Facts({ application }: { application: Application }) {
  const { provider_obj: provider } = application;
  return (
    <section className="panel" aria-labelledby="application-title">
      <header className="panel-head">
        <h2 id="application-title">Application</h2>
      </header>
      <dl className="facts">
        <Fact name="Slug">
          <code className="name">{application.slug}</code>
        </Fact>
        <Fact name="Provider">
          {provider ? (
            <Link href={`/providers/${provider.pk}`}>{provider.name}</Link>
          ) : (
            <span className="muted">none</span>
          )}
        </Fact>
        <Fact name="Launch URL">
          <span className="name">{application.meta_launch_url || <span className="muted">none</span>}</span>
        </Fact>
        <Fact name="Group">{application.group || <span className="muted">none</span>}</Fact>
        <Fact name="Publisher">{application.meta_publisher || <span className="muted">none</span>}</Fact>
        <Fact name="Description">{application.meta_description || <span className="muted">none</span>}</Fact>
      </dl>
    </section>
  );
}

const bound = (one: Binding) =>
  one.group_obj?.name ?? (one.user_obj ? personName(one.user_obj) : "somebody who is gone");

function Access({ application }: { application: Application }) {
  const { me } = useShell();
  const found = useBindings(application.pk);
  const refresh = useRefresh();
  const toast = useToast();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Binding | null>(null);
  return (
    <section className="panel" aria-labelledby="access-title">
      <header className="panel-head">
        <h2 id="access-title">Who may use it</h2>
        {isAdmin(me) && (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            Add somebody
          </button>
        )}
      </header>
      {found.isPending && <Loading what="who may use it" rows={2} />}
      {found.isError && <Problem error={found.error} onRetry={() => found.refetch()} />}
      {found.data?.length === 0 && (
        <div className="empty">
          <p>Everybody who can sign in. As soon as somebody is added, only those who are.</p>
        </div>
      )}
      {found.data && found.data.length > 0 && (
        <ul className="rows" aria-label="Who may use it">
          {found.data.map((one) => (
            <li key={one.pk} className="row">
              <span className="name">
                {one.group ? (
                  <Link href={`/groups/${one.group}`}>{bound(one)}</Link>
                ) : (
                  <Link href={`/users/${one.user}`}>{bound(one)}</Link>
                )}{" "}
                <Badge>{one.group ? "group" : "user"}</Badge> {one.negate && <Badge tone="warn">not</Badge>}{" "}
                {!one.enabled && <Badge tone="warn">switched off</Badge>}
              </span>
              {isAdmin(me) && (
                <button
                  type="button"
                  className="button button-quiet"
                  aria-label={`Remove ${bound(one)}`}
                  onClick={() => setRemoving(one)}
                >
                  Remove
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {adding && (
        <AddDialog
          application={application}
          order={found.data?.length ?? 0}
          onClose={() => setAdding(false)}
        />
      )}
      {removing && (
        <Confirm
          title={`Remove ${bound(removing)}?`}
          act="Remove"
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await bindings.remove(removing.pk);
            toast(`Removed ${bound(removing)}`);
            refresh("bindings", "applications");
          }}
        >
          <p>
            {found.data?.length === 1
              ? "This is the last one: from then on everybody who can sign in may use the application."
              : "They may no longer use the application, unless another row lets them."}
          </p>
        </Confirm>
      )}
    </section>
  );
}

const KINDS = [
  { value: "group", label: "A group" },
  { value: "user", label: "One user" },
] as const;

type Kind = (typeof KINDS)[number]["value"];

interface AddProps {
  application: Application;
  order: number;
  onClose: () => void;
}

function AddDialog({ application, order, onClose }: AddProps) {
  const refresh = useRefresh();
  const toast = useToast();
  const groups = useEveryGroup();
  const [what, setWhat] = useState<Kind>("group");
  const options = (groups.data ?? []).map((group) => ({ value: group.pk, label: group.name }));
  return (
    <FormDialog
      title={`Who may use ${application.name}`}
      act="Add"
      known={["group", "user"]}
      narrow
      run={(data) =>
        bindings.create({
          target: application.pk,
          order,
          ...(what === "group" ? { group: textOf(data, "group") } : { user: Number(textOf(data, "user")) }),
        })
      }
      onDone={(made) => {
        toast(`Added ${bound(made)}`);
        refresh("bindings", "applications");
        onClose();
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <Segmented field legend="Add" options={KINDS} value={what} onChange={setWhat} />
          {what === "user" ? (
            <PersonSelect error={errors.user} />
          ) : (
            <SelectField
              label="Group"
              name="group"
              hint="Its members, and those of its child groups."
              options={options}
              error={errors.group}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}
