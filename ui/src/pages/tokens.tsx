import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { Badge } from "../components/badge";
import { ConfirmButton } from "../components/confirm-button";
import { CreateButton, ListPage } from "../components/list-page";
import type { Column } from "../components/list-table";
import { Problem } from "../components/problem";
import { RowsPanel } from "../components/rows-panel";
import { Time } from "../components/time";
import { useShell } from "../context";
import { type Token, tokens } from "../directory/holdings";
import type { Person } from "../directory/people";
import { useEvery } from "../directory/queries";
import { personName } from "../format/person";
import { createsKeys, isAdmin } from "../permissions";
import { useDone } from "../queries";
import { intentInWords, KeyDialog, TokenDialog } from "./token-dialog";

const timeOf = (at: string | null) => (at === null ? null : Date.parse(at));

const COLUMNS: Column<Token>[] = [
  {
    id: "name",
    header: "Identifier",
    sort: (token) => token.identifier,
    cell: (token) => (
      <span className="stack">
        <span className="name">
          <strong>{token.identifier}</strong>
        </span>
        <span className="small muted">{token.description}</span>
      </span>
    ),
  },
  {
    id: "intent",
    header: "Intent",
    sort: (token) => token.intent,
    cell: (token) => intentInWords(token.intent),
  },
  {
    id: "owner",
    header: "Owner",
    sort: (token) => personName(token.user_obj),
    cell: (token) => <Link href={`/users/${token.user}`}>{personName(token.user_obj)}</Link>,
  },
  {
    id: "used",
    header: "Last used",
    sort: (token) => timeOf(token.last_used),
    cell: (token) => <Time at={token.last_used} />,
  },
  {
    id: "expires",
    header: "Expires",
    sort: (token) => timeOf(token.expires),
    cell: (token) => <Time at={token.expires} />,
  },
];

const ACTS: Column<Token> = {
  id: "acts",
  header: "Actions",
  bare: true,
  cell: (token) => (
    <span className="acts">
      <TokenActs token={token} />
    </span>
  ),
};

/** Everybody's tokens. */
export function TokensPage() {
  const { me } = useShell();
  return (
    <ListPage
      kind={tokens}
      columns={isAdmin(me) ? [...COLUMNS, ACTS] : COLUMNS}
      searchText={(token) =>
        `${token.identifier} ${token.description} ${intentInWords(token.intent)} ${personName(token.user_obj)}`
      }
      filterHint="Filter by name or owner"
      create={(open) => <CreateButton label="Create token" onClick={open} />}
      dialog={({ onClose }) => <TokenDialog onClose={onClose} />}
    />
  );
}

/** The tokens of one person, on their own page or on that of their account. */
export function TokenRows({ of, own = false }: { of: Pick<Person, "pk" | "type">; own?: boolean }) {
  const { me } = useShell();
  const [adding, setAdding] = useState(false);
  const found = useEvery<Token>(tokens, { user: String(of.pk), ordering: "identifier" });
  const changes = own ? createsKeys(me) : isAdmin(me);
  return (
    <RowsPanel
      title={tokens.title}
      rows={found}
      rowKey={(token) => token.pk}
      row={(token) => (
        <span className="stack">
          <span className="name">
            <strong>{token.identifier}</strong> <Badge>{intentInWords(token.intent)}</Badge>
          </span>
          <span className="small muted">
            {token.description && `${token.description}. `}Last used <Time at={token.last_used} />, expires{" "}
            <Time at={token.expires} />
          </span>
        </span>
      )}
      acts={changes ? (token) => <TokenActs token={token} /> : undefined}
      empty={<p>None. A program that cannot sign in on a page uses one.</p>}
      tools={
        changes && (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            Create token
          </button>
        )
      }
    >
      {adding && <TokenDialog {...(own ? {} : { owner: of })} onClose={() => setAdding(false)} />}
    </RowsPanel>
  );
}

function TokenActs({ token }: { token: Token }) {
  const done = useDone(tokens);
  const [shown, setShown] = useState<string | null>(null);
  const show = useMutation({
    mutationFn: () => tokens.showKey(token.identifier),
    onSuccess: ({ key }) => setShown(key),
  });
  return (
    <>
      {show.isError && <Problem error={show.error} />}
      {token.key_unread && (
        <button
          type="button"
          className="button button-quiet"
          aria-label={`Show key of ${token.identifier}`}
          title="It can be shown once"
          disabled={show.isPending}
          onClick={() => show.mutate()}
        >
          Show key
        </button>
      )}
      <ConfirmButton
        label="Delete"
        of={token.identifier}
        title={`Delete ${token.identifier}?`}
        act="Delete token"
        run={async () => {
          await tokens.remove(token.identifier);
          done(`Deleted ${token.identifier}`);
        }}
      >
        <p>Programs that use it are refused from then on.</p>
      </ConfirmButton>
      {shown !== null && (
        <KeyDialog
          identifier={token.identifier}
          secret={shown}
          onClose={() => {
            setShown(null);
            done("The key was shown");
          }}
        />
      )}
    </>
  );
}
