import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { useShell } from "../context";
import { useOne } from "../directory/queries";
import type { Kind } from "../directory/resource";
import { OnlySome } from "../pages/only-some";
import { isAdmin, seesEveryone } from "../permissions";
import { useDone } from "../queries";
import { Confirm } from "./confirm";
import { Loading } from "./loading";
import { Page } from "./page";
import { Problem } from "./problem";

interface Removal<T> {
  words: (one: T) => ReactNode;
  /** To be typed first, where the object is in use. */
  typed?: (one: T) => string | undefined;
}

interface Props<T, F> {
  kind: Kind<T, F>;
  /** Its key, as the address has it. */
  id: string;
  /** The list that it is in, unless that is the kind's own. */
  up?: { href: string; label: string };
  /** The dialog that changes it; without one, the page itself does. */
  edit?: (one: T, dialog: { onClose: () => void; onDone: (saved: T) => void }) => ReactNode;
  removal: Removal<T>;
  /** Whether nobody can change this one. */
  fixed?: (one: T) => boolean;
  children: (one: T) => ReactNode;
}

/** The page of one object: what it is, and for administrators how it is changed and deleted. */
export function ObjectPage<T, F>(props: Props<T, F>) {
  const { me } = useShell();
  return seesEveryone(me) ? <Fetched {...props} /> : <OnlySome title={props.kind.title} />;
}

function Fetched<T, F>(props: Props<T, F>) {
  const { kind, id } = props;
  const found = useOne(kind, id);
  const up = props.up ?? { href: kind.page, label: kind.title };
  if (found.data !== undefined) return <Shown {...props} up={up} one={found.data} />;
  return (
    <Page title={capital(kind.noun)} up={up}>
      {found.isPending ? (
        <section className="panel">
          <Loading what={`the ${kind.noun}`} rows={5} />
        </section>
      ) : (
        <Problem error={found.error} onRetry={() => found.refetch()} />
      )}
    </Page>
  );
}

function Shown<T, F>(props: Props<T, F> & { one: T; up: { href: string; label: string } }) {
  const { kind, one, up, edit, removal } = props;
  const { me } = useShell();
  const [, go] = useLocation();
  const done = useDone(kind);
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const close = () => setOpen(null);
  const name = kind.nameOf(one);
  const saved = (after: T) => {
    close();
    if (kind.keyOf(after) !== kind.keyOf(one)) go(`${kind.page}/${kind.keyOf(after)}`, { replace: true });
  };
  const acts = isAdmin(me) && !props.fixed?.(one) && (
    <>
      <button type="button" className="button button-bad" onClick={() => setOpen("delete")}>
        Delete
      </button>
      {edit && (
        <button type="button" className="button button-primary" onClick={() => setOpen("edit")}>
          Edit
        </button>
      )}
    </>
  );
  return (
    <Page title={name} up={up} action={acts}>
      {props.children(one)}
      {open === "edit" && edit?.(one, { onClose: close, onDone: saved })}
      {open === "delete" && (
        <Confirm
          title={`Delete ${name}?`}
          act={`Delete ${kind.noun}`}
          typed={removal.typed?.(one)}
          onClose={close}
          onConfirm={async () => {
            await kind.remove(kind.keyOf(one));
            go(up.href);
            done(`Deleted ${name}`);
          }}
        >
          {removal.words(one)}
        </Confirm>
      )}
    </Page>
  );
}

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
