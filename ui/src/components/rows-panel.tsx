import type { ReactNode } from "react";
import { Loading } from "./loading";
import { Panel } from "./panel";
import { Problem } from "./problem";

interface Fetched<T> {
  data: readonly T[] | undefined;
  isPending: boolean;
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
}

interface Props<T> {
  title: string;
  /** What the list is called by whoever cannot see it; else the title. */
  label?: string;
  rows: Fetched<T>;
  rowKey: (row: T) => string | number;
  row: (row: T) => ReactNode;
  acts?: ((row: T) => ReactNode) | undefined;
  empty: ReactNode;
  tools?: ReactNode;
  children?: ReactNode;
}

/** A short list as a panel, each row with its own acts. */
export function RowsPanel<T>(props: Props<T>) {
  const { title, label = title, rows } = props;
  return (
    <Panel title={title} tools={props.tools}>
      {rows.isPending && <Loading what={label.toLowerCase()} rows={2} />}
      {rows.isError && !rows.data && <Problem error={rows.error} onRetry={rows.refetch} />}
      {rows.data?.length === 0 && <div className="panel-note">{props.empty}</div>}
      {rows.data && rows.data.length > 0 && (
        <ul className="rows" aria-label={label}>
          {rows.data.map((row) => (
            <li key={props.rowKey(row)} className="row">
              {props.row(row)}
              {props.acts && <span className="acts">{props.acts(row)}</span>}
            </li>
          ))}
        </ul>
      )}
      {props.children}
    </Panel>
  );
}
