import { useState } from "react";
import { api } from "../api";
import type { Key } from "../api-types";
import { Badge, Chips } from "../components/badge";
import { Confirm } from "../components/confirm";
import { Icon } from "../components/icons";
import { type Column, ListTable } from "../components/list-table";
import { Money } from "../components/money";
import { Page } from "../components/page";
import { Time } from "../components/time";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import { useDialogParam } from "../dialog-param";
import { money } from "../format/money";
import { relativeTime } from "../format/time";
import { createsKeys, revokes } from "../permissions";
import { useKeys, useRefresh } from "../queries";
import { NewKeyDialog } from "./new-key";

const IN_USE_MS = 24 * 3_600_000;
const TONES = { active: "ok", expired: "warn", revoked: "quiet" } as const;
const nameOf = (key: Key) => key.name || key.key_name;
const timeOf = (iso: string | null) => (iso === null ? null : Date.parse(iso));

export function KeysPage() {
  const { me } = useShell();
  const keys = useKeys();
  const [adding, open] = useDialogParam("key");
  const [revoking, setRevoking] = useState<Key | null>(null);
  const mayCreate = createsKeys(me);
  const newKey = (
    <button
      type="button"
      className="button button-primary"
      data-shortcut="new"
      aria-keyshortcuts="n"
      onClick={() => open(true)}
    >
      <Icon name="plus" />
      New key
    </button>
  );
  const columns: Column<Key>[] = [
    {
      id: "name",
      header: "Key",
      sort: nameOf,
      cell: (key) => (
        <span className="name">
          <strong>{nameOf(key)}</strong> {key.name && <code className="muted small">{key.key_name}</code>}
        </span>
      ),
    },
    {
      id: "owner",
      header: "Owner",
      sort: (key) => ownerOf(key),
      cell: (key) => ownerOf(key) ?? <span className="muted">nobody</span>,
    },
    {
      id: "models",
      header: "Models",
      cell: (key) => <Chips names={key.models} empty="all" />,
    },
    {
      id: "spend",
      header: "Spend",
      numeric: true,
      sort: (key) => (key.spend === null ? null : Number(key.spend)),
      cell: (key) => <Money amount={key.spend} />,
    },
    {
      id: "used",
      header: "Last used",
      sort: (key) => timeOf(key.last_used_at),
      cell: (key) => <Time at={key.last_used_at} />,
    },
    {
      id: "expires",
      header: "Expires",
      sort: (key) => timeOf(key.expires_at),
      cell: (key) => <Time at={key.expires_at} />,
    },
    {
      id: "status",
      header: "Status",
      sort: (key) => key.status,
      cell: (key) => <Badge tone={TONES[key.status] ?? "quiet"}>{key.status}</Badge>,
    },
    {
      id: "acts",
      header: "Actions",
      bare: true,
      cell: (key) =>
        revokes(me, key) && (
          <button
            type="button"
            className="button button-quiet"
            aria-label={`Revoke ${nameOf(key)}`}
            onClick={() => setRevoking(key)}
          >
            Revoke
          </button>
        ),
    },
  ];
  return (
    <Page title="Keys" action={mayCreate && newKey}>
      <ListTable
        noun="key"
        query={keys}
        columns={columns}
        rowKey={(key) => key.id}
        searchText={(key) => [key.name, key.key_name, ownerOf(key), key.status, ...key.models].join(" ")}
        filterHint="Filter by name, owner or model"
        // As the API orders them: newest first.
        initialSort=""
        dim={(key) => key.status !== "active"}
        empty={
          <div className="empty">
            <p>
              A key lets an app call models.{" "}
              {mayCreate ? "You have none yet." : "Your role cannot create one: ask an administrator."}
            </p>
            {mayCreate && (
              <button type="button" className="button" onClick={() => open(true)}>
                <Icon name="plus" />
                Create a key
              </button>
            )}
          </div>
        }
      />
      {mayCreate && adding && <NewKeyDialog onClose={() => open(false)} />}
      {revoking && <RevokeDialog apiKey={revoking} onClose={() => setRevoking(null)} />}
    </Page>
  );
}

function ownerOf(key: Key): string | null {
  return key.owner ? key.owner.email || key.owner.user_id : null;
}

function RevokeDialog({ apiKey, onClose }: { apiKey: Key; onClose: () => void }) {
  const refresh = useRefresh();
  const toast = useToast();
  // Read once: a dialog whose demands change while it is open is a trap.
  const [now] = useState(() => Date.now());
  const name = nameOf(apiKey);
  const used = timeOf(apiKey.last_used_at);
  const inUse = used !== null && now - used < IN_USE_MS;
  const revoke = async () => {
    await api.revokeKey(apiKey.id);
    toast(`Revoked ${name}`);
    refresh("keys");
  };
  return (
    <Confirm
      title={`Revoke ${name}?`}
      act="Revoke key"
      onConfirm={revoke}
      onClose={onClose}
      typed={inUse ? name : undefined}
    >
      <p>
        Every app that sends <code>{apiKey.key_name}</code> is refused from now on. This cannot be undone.
      </p>
      <p>
        {apiKey.last_used_at === null ? (
          "It was never used, so nothing should break."
        ) : (
          <>
            It was last used <strong>{relativeTime(apiKey.last_used_at, now)}</strong>
            {apiKey.spend !== null && Number(apiKey.spend) > 0 && <> and has spent {money(apiKey.spend)}</>}.{" "}
            {inUse
              ? "Something depends on it now and will stop working."
              : "Nothing used it in the last day."}
          </>
        )}
      </p>
    </Confirm>
  );
}
