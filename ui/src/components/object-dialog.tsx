import type { ReactNode } from "react";
import type { Kind } from "../directory/resource";
import { useDone } from "../queries";
import { Dialog } from "./dialog";
import { FormDialog } from "./form-dialog";
import { Loading } from "./loading";
import { Problem } from "./problem";

interface Props<T, F> {
  kind: Kind<T, F>;
  /** Without one, a new object is made. */
  object: T | undefined;
  /** The form's fields, by the names that the server gives them. */
  known: readonly string[];
  fields: (data: FormData) => F;
  onClose: () => void;
  onDone: (saved: T) => void;
  /** What a new one is called above the form, unless by its noun. */
  noun?: string;
  children: (errors: Readonly<Record<string, string>>) => ReactNode;
}

/** The form of an object, new or changed. */
export function ObjectDialog<T, F>({
  kind,
  object,
  known,
  fields,
  onClose,
  onDone,
  noun,
  children,
}: Props<T, F>) {
  const done = useDone(kind);
  return (
    <FormDialog
      title={object ? `Edit ${kind.nameOf(object)}` : `Create ${noun ?? kind.noun}`}
      act={object ? "Save" : "Create"}
      known={known}
      run={async (data) =>
        object ? kind.change(kind.keyOf(object), fields(data)) : kind.create(fields(data))
      }
      onDone={(saved) => {
        done(`${object ? "Saved" : "Created"} ${kind.nameOf(saved)}`);
        onDone(saved);
      }}
      onClose={onClose}
    >
      {children}
    </FormDialog>
  );
}

interface WaitingProps<T> {
  title: string;
  what: string;
  query: { data: T | undefined; error: unknown };
  onClose: () => void;
  children: (data: T) => ReactNode;
}

/** Waits for what a form offers, so that its first values are the right ones. */
export function Awaited<T>({ title, what, query, onClose, children }: WaitingProps<T>) {
  if (query.data !== undefined) return children(query.data);
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="dialog-body">
        {query.error ? <Problem error={query.error} /> : <Loading what={what} rows={5} />}
      </div>
    </Dialog>
  );
}
