import { Link } from "wouter";
import type { Overview } from "../api-types";
import { Money } from "../components/money";
import { count, share } from "../format/number";

const SHOWN = 8;

export function TopModels({ overview }: { overview: Overview }) {
  const models = overview.models.toSorted((a, b) => b.requests - a.requests).slice(0, SHOWN);
  if (models.length === 0) return null;
  const most = models[0]?.requests ?? 0;
  return (
    <section className="panel" aria-labelledby="top-title">
      <header className="panel-head">
        <h2 id="top-title">Top models</h2>
        <Link href="/models">All models</Link>
      </header>
      <table className="table" role="table" aria-labelledby="top-title">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              Model
            </th>
            <th role="columnheader" scope="col">
              Requests
            </th>
            <th role="columnheader" scope="col" className="number">
              Share
            </th>
            <th role="columnheader" scope="col" className="number">
              Tokens
            </th>
            <th role="columnheader" scope="col" className="number">
              Spend
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {models.map((row) => (
            <tr key={row.model} role="row">
              <td role="cell" data-label="Model">
                <strong>{row.model}</strong>
              </td>
              <td role="cell" data-label="Requests">
                <span className="meter">
                  <span className="meter-number">{count(row.requests)}</span>
                  <span className="meter-track" aria-hidden="true">
                    <span
                      className="meter-fill"
                      style={{ width: `${(row.requests / Math.max(1, most)) * 100}%` }}
                    />
                  </span>
                </span>
              </td>
              <td role="cell" data-label="Share" className="number muted">
                {share(row.requests, overview.requests)}
              </td>
              <td role="cell" data-label="Tokens" className="number">
                {count(typeof row.tokens === "number" ? row.tokens : row.tokens.total)}
              </td>
              <td role="cell" data-label="Spend" className="number">
                <Money amount={row.spend} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
