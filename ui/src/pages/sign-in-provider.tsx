import { useMutation } from "@tanstack/react-query";
import { useParams } from "wouter";
import { Badge, Chips } from "../components/badge";
import { CopyButton } from "../components/copy";
import { Fact } from "../components/fact";
import { None } from "../components/none";
import { ObjectPage } from "../components/object-page";
import { Panel } from "../components/panel";
import { Problem, Warning } from "../components/problem";
import { useShell } from "../context";
import { type SignInProvider, signInProviders } from "../directory/sign-in";
import { ROLES } from "../format/role";
import {
  CLAIMS,
  CLIENT_AUTHS,
  ENDPOINTS,
  keptLines,
  mappingRows,
  ORIGINS,
  POLICIES,
} from "../format/sign-in";
import { isAdmin } from "../permissions";
import { useDone } from "../queries";
import { Kind } from "./sign-in";
import { CheckPanel, ExplainPanel } from "./sign-in-check";
import { EditSignInDialog } from "./sign-in-dialog";

const WHERE = {
  embedded:
    "The gateway's own provider is what people sign in through as long as no variable names another. It cannot be changed here.",
  variables: "It is set by variables where the server starts, and cannot be changed here.",
  database: "",
} as const;

export function SignInProviderPage() {
  const { id = "" } = useParams();
  return (
    <ObjectPage
      kind={signInProviders}
      id={id}
      fixed={(one) => one.origin !== "database"}
      edit={(provider, dialog) => <EditSignInDialog provider={provider} {...dialog} />}
      removal={{
        typed: (one) => (one.is_enabled ? one.id : undefined),
        words: () => <p>Nobody signs in through it any more. People stay, and so do their sessions.</p>,
      }}
    >
      {(provider) => (
        <>
          {!provider.verify_tls && (
            <Warning>
              <p>The provider's certificate is not verified: whoever is in between can sign in as anybody.</p>
            </Warning>
          )}
          <Doubts provider={provider} />
          <State provider={provider} />
          <CheckPanel provider={provider} />
          <ExplainPanel key={provider.id} provider={provider} />
          <Roles provider={provider} />
          <Protocol provider={provider} />
        </>
      )}
    </ObjectPage>
  );
}

/** What the last sign-in through it found weaker than it should be. */
function Doubts({ provider: { standing } }: { provider: SignInProvider }) {
  const found = [standing?.doubt, ...(standing?.notes ?? [])].filter(Boolean);
  if (found.length === 0) return null;
  return (
    <Warning>
      <p>The last sign-in left this in doubt:</p>
      {found.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </Warning>
  );
}

function State({ provider }: { provider: SignInProvider }) {
  return (
    <Panel title="Sign-in" tools={provider.origin === "database" && <Switch provider={provider} />}>
      {WHERE[provider.origin] && <p className="panel-note">{WHERE[provider.origin]}</p>}
      <dl className="facts">
        <Fact name="State">
          <Badge tone={provider.is_enabled ? "ok" : "quiet"}>
            {provider.is_enabled ? "enabled" : "disabled"}
          </Badge>
        </Fact>
        <Fact name="Kind">
          <Kind of={provider} />
        </Fact>
        <Fact name="ID">
          <code>{provider.id}</code>
        </Fact>
        <Fact name="Set in">{ORIGINS[provider.origin]}</Fact>
        <Fact name="Issuer">
          <Text of={provider.issuer} none="not named" />
        </Fact>
        <Fact name="Redirect URI">
          <code className="line">{provider.redirect_uri}</code>
          <CopyButton text={provider.redirect_uri} label="Copy redirect URI" />
        </Fact>
        <Fact name="Client ID">
          <code className="name">{provider.client_id}</code>
        </Fact>
        <Fact name="Client secret">{provider.has_client_secret ? "set, never shown" : "none"}</Fact>
        {Object.entries(provider.options).map(([name, value]) => (
          <Fact key={name} name={name.replaceAll("_", " ")}>
            <span className="name">{value}</span>
          </Fact>
        ))}
      </dl>
    </Panel>
  );
}

function Switch({ provider }: { provider: SignInProvider }) {
  const { me } = useShell();
  const done = useDone(signInProviders);
  const name = signInProviders.nameOf(provider);
  const change = useMutation({
    mutationFn: () => signInProviders.change(provider.id, { is_enabled: !provider.is_enabled }),
    onSuccess: (after) => done(`${after.is_enabled ? "Enabled" : "Disabled"} ${name}`),
  });
  if (!isAdmin(me)) return null;
  return (
    <span className="panel-tools">
      {change.isError && <Problem error={change.error} />}
      <button type="button" className="button" disabled={change.isPending} onClick={() => change.mutate()}>
        {provider.is_enabled ? "Disable" : "Enable"}
      </button>
    </span>
  );
}

function Roles({ provider }: { provider: SignInProvider }) {
  const { roles, access, claims } = provider;
  const rows = mappingRows(roles.mappings);
  return (
    <Panel title="Roles and access">
      <dl className="facts">
        <Fact name="Role claim">
          {roles.is_configured ? <code className="name">{claims.role}</code> : <None words="none decides" />}
        </Fact>
        <Fact name="Groups that give a role">
          {rows.length === 0 && <None />}
          {rows.map(({ id, role, group }) => (
            <span key={id} className="line">
              {group}: {roleInWords(role)}
            </span>
          ))}
        </Fact>
        <Fact name="Default role">
          {roles.default_role === null ? "the gateway's" : roleInWords(roles.default_role)}
        </Fact>
        <Fact name="Policy">{POLICIES.find((one) => one.value === roles.policy)?.label}</Fact>
        <Fact name="Teams claim">
          <Text of={claims.teams} none="teams are left alone" />
        </Fact>
        <Fact name="E-mail domains">
          <Chips names={access.email_domains} empty="any" shown={access.email_domains.length} />
        </Fact>
        <Fact name="Groups that may sign in">
          <Chips names={access.groups} empty="any" shown={access.groups.length} />
        </Fact>
        <Fact name="Roles that may sign in">
          <Chips names={access.roles.map(roleInWords)} empty="any" shown={access.roles.length} />
        </Fact>
      </dl>
    </Panel>
  );
}

function Protocol({ provider }: { provider: SignInProvider }) {
  const { claims } = provider;
  return (
    <Panel title="Protocol">
      <dl className="facts">
        <Fact name="Scope">
          <code className="name">{provider.scope}</code>
        </Fact>
        <Fact name="Client authentication">
          {CLIENT_AUTHS.find((one) => one.value === provider.client_auth)?.label}
        </Fact>
        {provider.has_private_key && <Fact name="Private key">set, never shown</Fact>}
        <Fact name="PKCE">{provider.use_pkce ? "used" : "off"}</Fact>
        <Fact name="Certificate">{provider.verify_tls ? "verified" : "not verified"}</Fact>
        <Fact name="Certificate authority">
          {provider.ca ? "its own, beside the system's" : "the system's"}
        </Fact>
        <Fact name="Clock skew">{provider.clock_skew_s} seconds</Fact>
        <Fact name="Headers">
          <Chips names={Object.keys(provider.headers)} empty="none" shown={50} />
        </Fact>
        {ENDPOINTS.map(({ name, label }) => (
          <Fact key={name} name={label}>
            <Text of={provider[name]} none="found at the issuer" />
          </Fact>
        ))}
        {CLAIMS.map(({ name, label }) => (
          <Fact key={name} name={label}>
            <code className="name">{claims[name]}</code>
          </Fact>
        ))}
        <Fact name="Claims of the access token">{provider.token_claims ? "count" : "are not looked at"}</Fact>
        <Fact name="Kept claims">
          {claims.kept.length === 0 ? <None /> : <span className="name">{keptLines(claims.kept)}</span>}
        </Fact>
      </dl>
    </Panel>
  );
}

function Text({ of, none }: { of: string | null; none: string }) {
  return of ? <code className="name">{of}</code> : <None words={none} />;
}

const roleInWords = (role: string) => ROLES.find((one) => one.role === role)?.label ?? role;
