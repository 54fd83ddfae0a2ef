import { type ReactNode, useId } from "react";
import { useSearchParams } from "wouter";
import { plural } from "../format/number";
import type { ListQuery } from "../queries";
import { Icon } from "./icons";
import { Loading } from "./loading";
import { Problem } from "./problem";

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** What to order by; null sorts last. Without it the column cannot be sorted. */
  sort?: (row: T) => string | number | null;
  numeric?: boolean;
  /** The header is for screen readers only: a column of buttons explains itself. */
  bare?: boolean;
}

interface Props<T> {
  noun: string;
  query: ListQuery<T>;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  searchText: (row: T) => string;
  filterHint: string;
  /** A column's id, "-" in front for descending. */
  initialSort: string;
  empty: ReactNode;
  dim?: (row: T) => boolean;
}

/** A list from the API as a table that can be filtered and sorted. Both live in the address, so they can be shared. */
export function ListTable<T>(props: Props<T>) {
  const { noun, query, columns, filterHint, initialSort } = props;
  const [params, setParams] = useSearchParams();
  const filterId = useId();
  const filter = params.get("q") ?? "";
  const sort = params.get("sort") ?? initialSort;
  const setParam = (name: string, value: string, initial: string) =>
    setParams(
      (previous) => {
        const next = new URLSearchParams(previous);
        if (value === initial) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );

  if (query.isPending) {
    return (
      <section className="panel">
        <Loading what={`the ${noun}s`} rows={6} />
      </section>
    );
  }
  if (query.isError && !query.data) {
    return <Problem error={query.error} onRetry={() => query.refetch()} />;
  }
  const all = query.data ?? [];
  if (all.length === 0) return <section className="panel">{props.empty}</section>;
  const rows = arrange(all, filter, sort, props);
  return (
    <section className="panel" aria-labelledby={`${filterId}-title`}>
      <header className="panel-head">
        <h2 id={`${filterId}-title`} aria-live="polite">
          {filter ? `${plural(rows.length, noun)} of ${all.length}` : plural(all.length, noun)}
        </h2>
        <label className="hidden" htmlFor={filterId}>
          Filter the {noun}s
        </label>
        <input
          id={filterId}
          className="input filter"
          type="search"
          placeholder={filterHint}
          data-shortcut="filter"
          autoComplete="off"
          spellCheck={false}
          value={filter}
          onChange={(event) => setParam("q", event.target.value, "")}
        />
      </header>
      {rows.length === 0 ? (
        <div className="empty">
          <p>No {noun} matches this filter.</p>
          <button type="button" className="button" onClick={() => setParam("q", "", "")}>
            Clear the filter
          </button>
        </div>
      ) : (
        <table className="table" role="table" aria-labelledby={`${filterId}-title`}>
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((column) => (
                <Header
                  key={column.id}
                  column={column}
                  sort={sort}
                  onSort={(next) => setParam("sort", next, initialSort)}
                />
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.map((row) => (
              <tr key={props.rowKey(row)} role="row" className={props.dim?.(row) ? "dim" : undefined}>
                {columns.map((column) => (
                  <td
                    key={column.id}
                    role="cell"
                    data-label={column.bare ? undefined : column.header}
                    className={column.numeric ? "number" : undefined}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {query.isError && <Problem error={query.error} onRetry={() => query.refetch()} />}
      {query.hasNextPage && (
        <footer className="panel-foot">
          <p className="muted">
            The filter and the order cover the {plural(all.length, noun)} loaded so far.
          </p>
          <button
            type="button"
            className="button"
            disabled={query.isFetchingNextPage}
            onClick={() => query.fetchNextPage()}
          >
            Load more
          </button>
        </footer>
      )}
    </section>
  );
}

function Header<T>(props: { column: Column<T>; sort: string; onSort: (sort: string) => void }) {
  const { column, sort, onSort } = props;
  const className = column.numeric ? "number" : undefined;
  if (column.bare || !column.sort) {
    return (
      <th role="columnheader" scope="col" className={className}>
        <span className={column.bare ? "hidden" : undefined}>{column.header}</span>
      </th>
    );
  }
  const ascending = sort === column.id;
  const descending = sort === `-${column.id}`;
  const order = ascending ? "ascending" : descending ? "descending" : "none";
  return (
    <th role="columnheader" scope="col" className={className} aria-sort={order}>
      <button type="button" className="sort" onClick={() => onSort(ascending ? `-${column.id}` : column.id)}>
        {column.header}
        {order !== "none" && <Icon name={order} />}
      </button>
    </th>
  );
}

function arrange<T>(rows: T[], filter: string, sort: string, { columns, searchText }: Props<T>): T[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = rows.filter((row) => {
    const text = searchText(row).toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const down = sort.startsWith("-");
  const value = columns.find((column) => column.id === (down ? sort.slice(1) : sort))?.sort;
  if (!value) return kept;
  return kept.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    const order =
      typeof left === "number" && typeof right === "number"
        ? left - right
        : String(left).localeCompare(String(right), "en", { numeric: true, sensitivity: "base" });
    return down ? -order : order;
  });
}
