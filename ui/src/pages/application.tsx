import { Link, useParams } from "wouter";
import { AppIcon } from "../components/app-icon";
import { Fact } from "../components/fact";
import { None } from "../components/none";
import { ObjectPage } from "../components/object-page";
import { Panel } from "../components/panel";
import { type Application, applications } from "../directory/applications";
import { Access } from "./access";
import { ApplicationDialog } from "./application-dialog";
import { Entitlements } from "./entitlements";

export function ApplicationPage() {
  const { id = "" } = useParams();
  return (
    <ObjectPage
      kind={applications}
      id={id}
      edit={(application, dialog) => <ApplicationDialog application={application} {...dialog} />}
      removal={{
        typed: (application) => (application.provider === null ? undefined : application.slug),
        words: () => <p>Nobody signs in to it any more. Its provider stays, without an application.</p>,
      }}
    >
      {(application) => (
        <>
          <Facts application={application} />
          <Access
            target={application.pk}
            title="Who may use it"
            of={`Who may use ${application.name}`}
            nobody="Everybody who can sign in. As soon as somebody is added, only those who are."
            last="This is the last one: from then on everybody who can sign in may use the application."
            lost="They may no longer use the application, unless another row lets them."
          />
          <Entitlements application={application} />
        </>
      )}
    </ObjectPage>
  );
}

function Facts({ application }: { application: Application }) {
  const { provider_obj: provider } = application;
  return (
    <Panel title="Application" tools={<AppIcon of={application} />}>
      <dl className="facts">
        <Fact name="Slug">
          <code className="name">{application.slug}</code>
        </Fact>
        <Fact name="Provider">
          {provider ? <Link href={`/providers/${provider.pk}`}>{provider.name}</Link> : <None />}
        </Fact>
        <Fact name="Launch URL">
          <span className="name">{application.meta_launch_url || <None />}</span>
        </Fact>
        <Fact name="Group">{application.group || <None />}</Fact>
        <Fact name="Policy engine mode">{application.policy_engine_mode}</Fact>
        <Fact name="In My applications">{application.meta_hide ? "hidden" : "shown"}</Fact>
        <Fact name="Publisher">{application.meta_publisher || <None />}</Fact>
        <Fact name="Description">{application.meta_description || <None />}</Fact>
      </dl>
    </Panel>
  );
}
