import { useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { AreaField } from "../components/controls";
import { Fact } from "../components/fact";
import { Field } from "../components/field";
import { textOf } from "../components/form-dialog";
import { None } from "../components/none";
import { ObjectDialog } from "../components/object-dialog";
import { ObjectPage } from "../components/object-page";
import { Panel } from "../components/panel";
import { RowsPanel } from "../components/rows-panel";
import { useShell } from "../context";
import { type Application, applications, type Entitlement, entitlementsOf } from "../directory/applications";
import { useEvery, useOne } from "../directory/queries";
import { jsonObject, jsonText } from "../format/json-object";
import { isAdmin } from "../permissions";
import { Access } from "./access";

/** What people may be inside an application, as a part of its page. */
export function Entitlements({ application }: { application: Application }) {
  const { me } = useShell();
  const [, go] = useLocation();
  const [adding, setAdding] = useState(false);
  const kind = entitlementsOf(application.slug);
  const found = useEvery<Entitlement>(kind, { app: application.pk, ordering: "name" });
  return (
    <RowsPanel
      title="Entitlements"
      rows={found}
      rowKey={(one) => one.pbm_uuid}
      row={(one) => <Link href={`${kind.page}/${one.pbm_uuid}`}>{one.name}</Link>}
      empty={<p>None. An entitlement says what somebody may be or do inside the application.</p>}
      tools={
        isAdmin(me) && (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            Create entitlement
          </button>
        )
      }
    >
      {adding && (
        <EntitlementDialog
          application={application}
          onClose={() => setAdding(false)}
          onDone={(made) => go(`${kind.page}/${made.pbm_uuid}`)}
        />
      )}
    </RowsPanel>
  );
}

export function EntitlementPage() {
  const { slug = "", id = "" } = useParams();
  const application = useOne(applications, slug);
  return (
    <ObjectPage
      kind={entitlementsOf(slug)}
      id={id}
      up={{ href: `/applications/${slug}`, label: application.data?.name ?? slug }}
      edit={(entitlement, dialog) =>
        application.data && (
          <EntitlementDialog entitlement={entitlement} application={application.data} {...dialog} />
        )
      }
      removal={{ words: () => <p>Whoever has it has it no more, from their next token on.</p> }}
    >
      {(entitlement) => (
        <>
          <Panel title="Entitlement">
            <dl className="facts">
              <Fact name="Attributes">
                {jsonText(entitlement.attributes) ? (
                  <pre className="code-text">{jsonText(entitlement.attributes)}</pre>
                ) : (
                  <None />
                )}
              </Fact>
            </dl>
          </Panel>
          <Access
            target={entitlement.pbm_uuid}
            title="Who has it"
            of={`Who has ${entitlement.name}`}
            nobody="Nobody has it yet."
            last="Nobody has it from then on."
            lost="They no longer have it, unless another row gives it to them."
          />
        </>
      )}
    </ObjectPage>
  );
}

interface DialogProps {
  application: Application;
  entitlement?: Entitlement;
  onClose: () => void;
  onDone: (entitlement: Entitlement) => void;
}

function EntitlementDialog({ application, entitlement, ...dialog }: DialogProps) {
  return (
    <ObjectDialog
      {...dialog}
      kind={entitlementsOf(application.slug)}
      object={entitlement}
      known={["name", "attributes"]}
      fields={(data) => ({
        name: textOf(data, "name"),
        app: application.pk,
        attributes: jsonObject(textOf(data, "attributes"), "attributes"),
      })}
    >
      {(errors) => (
        <>
          <Field
            name="name"
            label="Name"
            hint="The application reads it in the claim entitlements."
            required
            data-autofocus
            defaultValue={entitlement?.name}
            error={errors.name}
          />
          <AreaField
            name="attributes"
            label="Attributes"
            hint="A JSON object for expressions."
            optional
            placeholder='{"seats": 3}'
            defaultValue={entitlement && jsonText(entitlement.attributes)}
            error={errors.attributes}
          />
        </>
      )}
    </ObjectDialog>
  );
}
