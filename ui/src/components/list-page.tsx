import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { useShell } from "../context";
import { useDialogParam } from "../dialog-param";
import { useAll } from "../directory/queries";
import type { Listed } from "../directory/resource";
import { OnlySome } from "../pages/only-some";
import { isAdmin, seesEveryone } from "../permissions";
import { type Column, ListTable } from "./list-table";
import { Page } from "./page";

interface Props<T> {
  kind: Listed<T>;
  columns: Column<T>[];
  searchText: (one: T) => string;
  filterHint: string;
  empty?: string;
  dim?: (one: T) => boolean;
  /** What begins a new one; a button "Create" when it is left out. */
  create?: (open: () => void) => ReactNode;
  /** The dialog that makes one. Whoever made it lands on its page. */
  dialog?: (dialog: { onClose: () => void; onDone: (made: T) => void }) => ReactNode;
  children?: ReactNode;
}

/** The list of every object of a kind, for administrators and viewers. */
export function ListPage<T>(props: Props<T>) {
  const { me } = useShell();
  return seesEveryone(me) ? <Shown {...props} /> : <OnlySome title={props.kind.title} />;
}

function Shown<T>(props: Props<T>) {
  const { kind } = props;
  const { me } = useShell();
  const [, go] = useLocation();
  const [adding, setAdding] = useDialogParam(kind.noun.replaceAll(" ", "-"));
  const create = props.create ?? ((open) => <CreateButton onClick={open} />);
  return (
    <Page title={kind.title} action={isAdmin(me) && create(() => setAdding(true))}>
      {props.children}
      <ListTable
        noun={kind.noun}
        query={useAll(kind)}
        columns={props.columns}
        rowKey={(one) => String(kind.keyOf(one))}
        searchText={props.searchText}
        filterHint={props.filterHint}
        initialSort="name"
        {...(props.dim ? { dim: props.dim } : {})}
        empty={
          <div className="empty">
            <p>{props.empty ?? `There are no ${kind.noun}s yet.`}</p>
          </div>
        }
      />
      {adding &&
        isAdmin(me) &&
        props.dialog?.({
          onClose: () => setAdding(false),
          onDone: (made) => go(`${kind.page}/${kind.keyOf(made)}`),
        })}
    </Page>
  );
}

export function CreateButton({ label = "Create", onClick }: { label?: string; onClick: () => void }) {
  return (
    <button type="button" className="button button-primary" data-shortcut="new" onClick={onClick}>
      {label}
    </button>
  );
}
