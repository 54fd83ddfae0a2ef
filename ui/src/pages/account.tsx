import { useMutation } from "@tanstack/react-query";
import { api } from "../api";
import type { Me, Session } from "../api-types";
import { nameOf } from "../components/account-block";
import { Chips } from "../components/badge";
import { Fact } from "../components/fact";
import { Icon } from "../components/icons";
import { type Column, ListTable } from "../components/list-table";
import { Loading } from "../components/loading";
import { None } from "../components/none";
import { Page } from "../components/page";
import { Panel } from "../components/panel";
import { Problem } from "../components/problem";
import { RoleName, RoleWhy } from "../components/role";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useMyself } from "../directory/queries";
import { deviceName } from "../format/device";
import { plural } from "../format/number";
import { useOwnEmail, useRefresh, useSessions, useUiInfo } from "../queries";
import { Consents } from "./consents";
import { Security } from "./security";
import { SESSION_COLUMNS, sessionWords } from "./session-columns";
import { TokenRows } from "./tokens";
import { Address } from "./user";

const KINDS = {
  session: "Browser session",
  key: "Virtual key",
  cli: "Command line",
  master: "Master key",
} as const;

export function AccountPage() {
  const { me, signOut } = useShell();
  const info = useUiInfo();
  return (
    <Page
      title="My account"
      action={
        <button type="button" className="button" onClick={signOut}>
          <Icon name="exit" />
          Sign out
        </button>
      }
    >
      <Panel title="Who I am">
        <dl className="facts">
          <Who me={me} />
        </dl>
      </Panel>
      {me.kind === "session" && <Security />}
      <Sessions />
      <Held />
      {info.data && (
        <p className="small muted colophon">
          {info.data.product} {info.data.version} at <code>{info.data.base_url}</code>
        </p>
      )}
    </Page>
  );
}

function Who({ me }: { me: Me }) {
  return (
    <>
      <Fact name="Name">{nameOf(me)}</Fact>
      {me.username && <Fact name="Username">{me.username}</Fact>}
      <Fact name="E-mail address">
        <OwnAddress email={me.email} />
      </Fact>
      <Fact name="User id">
        <code className="break">{me.user_id}</code>
      </Fact>
      <Fact name="Role">
        <RoleName of={me} />
      </Fact>
      <Fact name="Why this role">
        <RoleWhy of={me} />
      </Fact>
      <Fact name="Models">
        <Chips names={me.models} empty="all" shown={6} />
      </Fact>
      <Fact name="Signed in by">
        {KINDS[me.kind] ?? me.kind}
        {me.expires_at && (
          <span className="muted">
            , ends <Time at={me.expires_at} />
          </span>
        )}
      </Fact>
    </>
  );
}

/** Whether the address is proven to be one's own, and how to prove it. */
function OwnAddress({ email }: { email: string | null }) {
  const own = useOwnEmail();
  const toast = useToast();
  const verify = useMutation({
    mutationFn: api.verifyEmail,
    onSuccess: ({ to }) => toast(`A link is on its way to ${to}`),
  });
  if (email === null) return <None />;
  if (!own.data) return email;
  return (
    <span className="name">
      <Address of={{ email, email_verified: own.data.verified }} />
      {own.data.can_verify && (
        <button
          type="button"
          className="button"
          disabled={verify.isPending || verify.isSuccess}
          onClick={() => verify.mutate()}
        >
          Send me a link to verify it
        </button>
      )}
      {verify.isError && <Problem error={verify.error} />}
    </span>
  );
}

/** What applications and programs hold in one's name. */
function Held() {
  const myself = useMyself();
  if (myself.data) {
    return (
      <>
        <Consents of={myself.data} own />
        <TokenRows of={myself.data} own />
      </>
    );
  }
  return myself.isError ? (
    <Problem error={myself.error} onRetry={() => myself.refetch()} />
  ) : (
    <section className="panel">
      <Loading what="what applications hold" rows={2} />
    </section>
  );
}

function Sessions() {
  const sessions = useSessions();
  const refresh = useRefresh();
  const toast = useToast();
  const end = useMutation({
    mutationFn: (session: Session) => api.endSession(session.id),
    onSuccess: (_, session) => {
      toast(`Ended the session of ${deviceName(session.user_agent)}`);
      return refresh("sessions");
    },
  });
  const others = useMutation({
    mutationFn: api.endOtherSessions,
    onSuccess: ({ ended }) => {
      toast(`Ended ${plural(ended, "other session")}`);
      return refresh("sessions");
    },
  });
  const columns: Column<Session>[] = [
    ...SESSION_COLUMNS,
    {
      id: "acts",
      header: "Actions",
      bare: true,
      // Ending the current one is signing out, which also has to end it at the provider.
      cell: (session) =>
        !session.current && (
          <button
            type="button"
            className="button button-quiet"
            aria-label={`End session of ${deviceName(session.user_agent)}`}
            disabled={end.isPending}
            onClick={() => end.mutate(session)}
          >
            End
          </button>
        ),
    },
  ];
  return (
    <>
      {end.isError && <Problem error={end.error} />}
      {others.isError && <Problem error={others.error} />}
      <ListTable
        noun="session"
        query={sessions}
        columns={columns}
        rowKey={(session) => session.id}
        searchText={sessionWords}
        filterHint="Filter by device or address"
        initialSort="-used"
        empty={
          <div className="empty">
            <p>No session is open in your name.</p>
          </div>
        }
      />
      {sessions.data?.some((session) => !session.current) && (
        <p className="table-acts">
          <button
            type="button"
            className="button"
            disabled={others.isPending}
            onClick={() => others.mutate()}
          >
            End all other sessions
          </button>
        </p>
      )}
    </>
  );
}
