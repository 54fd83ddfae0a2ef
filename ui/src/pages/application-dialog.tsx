import { useState } from "react";
import { AreaField, CheckField, SelectField } from "../components/controls";
import { Field } from "../components/field";
import { textOf } from "../components/form-dialog";
import { Awaited, ObjectDialog } from "../components/object-dialog";
import {
  type Application,
  type ApplicationFields,
  applications,
  type Provider,
  providers,
} from "../directory/applications";
import { useEvery } from "../directory/queries";
import { slugOf } from "../format/slug";

const ENGINE_MODES = [
  { value: "any", label: "any: one of them is enough" },
  { value: "all", label: "all: every one of them" },
];

const KNOWN = [
  "name",
  "policy_engine_mode",
  "slug",
  "provider",
  "meta_launch_url",
  "group",
  "meta_publisher",
  "meta_icon",
  "meta_description",
];

interface Props {
  /** Without one, a new application is made. */
  application?: Application;
  provider?: number | null;
  onClose: () => void;
  onDone: (application: Application) => void;
}

export function ApplicationDialog(props: Props) {
  const every = useEvery<Provider>(providers, { ordering: "name" });
  return (
    <Awaited title="Application" what="the providers" query={every} onClose={props.onClose}>
      {(found) => <ApplicationForm {...props} all={found} />}
    </Awaited>
  );
}

function ApplicationForm({ application, provider, all, ...dialog }: Props & { all: readonly Provider[] }) {
  const own = application?.provider ?? provider ?? null;
  const options = all
    .filter((one) => one.assigned_application_slug === "" || one.pk === own)
    .map((one) => ({ value: String(one.pk), label: one.name }));
  const [slug, setSlug] = useState(application?.slug ?? "");
  const [typed, setTyped] = useState(application !== undefined);
  return (
    <ObjectDialog {...dialog} kind={applications} object={application} known={KNOWN} fields={fieldsOf}>
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
          <CheckField
            label="Hidden"
            name="meta_hide"
            hint="It stands in nobody's My applications. Who may use it still may."
            defaultChecked={application?.meta_hide ?? false}
          />
          <SelectField
            label="Policy engine mode"
            name="policy_engine_mode"
            hint="What it takes where several groups or people are bound to it."
            options={ENGINE_MODES}
            defaultValue={application?.policy_engine_mode}
            error={errors.policy_engine_mode}
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
    </ObjectDialog>
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
    meta_hide: data.has("meta_hide"),
    policy_engine_mode: textOf(data, "policy_engine_mode"),
    group: textOf(data, "group"),
    meta_publisher: textOf(data, "meta_publisher"),
    meta_icon: textOf(data, "meta_icon"),
    meta_description: textOf(data, "meta_description"),
  };
}
