import type { Session, SessionKind } from "../api-types";
import { Badge, Chips } from "../components/badge";
import { Icon, type IconName } from "../components/icons";
import type { Column } from "../components/list-table";
import { Time } from "../components/time";
import { deviceName, SESSION_KINDS } from "../format/device";

const ICONS: Record<SessionKind, IconName> = {
  browser: "screen",
  provider: "screen",
  cli: "terminal",
  device: "screen",
  application: "apps",
};

/** What every list of sessions shows of one. */
export const SESSION_COLUMNS: Column<Session>[] = [
  {
    id: "device",
    header: "Device",
    sort: (session) => deviceName(session.user_agent),
    cell: (session) => (
      <span className="name" title={session.user_agent ?? undefined}>
        <span className="kind">
          <Icon name={ICONS[session.kind]} />
        </span>
        <strong>{deviceName(session.user_agent)}</strong>{" "}
        {session.current && <Badge tone="ok">current</Badge>}
      </span>
    ),
  },
  {
    id: "kind",
    header: "Kind",
    sort: (session) => session.kind,
    cell: (session) => SESSION_KINDS[session.kind],
  },
  {
    id: "clients",
    header: "Applications",
    cell: (session) => <Chips names={session.clients} empty="none" shown={3} />,
  },
  {
    id: "address",
    header: "Address",
    sort: (session) => session.address,
    cell: (session) =>
      session.address ? <code>{session.address}</code> : <span className="muted">unknown</span>,
  },
  {
    id: "used",
    header: "Last used",
    sort: (session) => (session.last_used_at === null ? null : Date.parse(session.last_used_at)),
    cell: (session) => <Time at={session.last_used_at} />,
  },
  {
    id: "created",
    header: "Signed in",
    sort: (session) => Date.parse(session.created_at),
    cell: (session) => <Time at={session.created_at} />,
  },
  { id: "expires", header: "Ends", cell: (session) => <Time at={session.expires_at} /> },
];

/** What the filter of a list looks in. */
export const sessionWords = (session: Session) =>
  [
    deviceName(session.user_agent),
    SESSION_KINDS[session.kind],
    session.address,
    session.owner.username,
    session.owner.email,
    ...session.clients,
  ].join(" ");
