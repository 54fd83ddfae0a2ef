import { useState } from "react";
import type { Overview } from "../api-types";
import { Bars } from "../components/bars";
import { Money } from "../components/money";
import { Segmented } from "../components/segmented";
import { money } from "../format/money";
import { count, plural } from "../format/number";
import { clock, type Hour, wholeDay } from "../format/time";

const HOUR_MS = 3_600_000;
const MEASURES = [
  { value: "requests", label: "Requests" },
  { value: "spend", label: "Spend" },
] as const;

export function HoursPanel({ overview }: { overview: Overview }) {
  const [measure, setMeasure] = useState<"requests" | "spend">("requests");
  const hours = wholeDay(overview.since, overview.hours);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const span = (hour: Hour) => `${clock(hour.at)} to ${clock(hour.at + HOUR_MS)} UTC`;
  return (
    <section className="panel" aria-labelledby="hours-title">
      <header className="panel-head">
        <h2 id="hours-title">By hour</h2>
        <Segmented legend="Show" options={MEASURES} value={measure} onChange={setMeasure} />
      </header>
      <div className="panel-body">
        <Bars
          label={`${measure === "requests" ? "Requests" : "Spend"} by hour, walk along with the arrow keys`}
          whole={measure === "requests"}
          formatValue={(value) => (measure === "requests" ? count(value) : money(String(value)))}
          bars={hours.map((hour) => ({
            id: hour.at,
            value: measure === "requests" ? hour.requests : Number(hour.spend ?? 0),
            label: clock(hour.at),
            title: span(hour),
            spoken: `${span(hour)}: ${plural(hour.requests, "request")}, ${money(hour.spend)}`,
            card: (
              <dl className="chart-card-rows">
                <CardRow name="Requests" value={count(hour.requests)} />
                <CardRow name="Spend" value={money(hour.spend)} />
                {clock(hour.at, zone) !== clock(hour.at) && (
                  <CardRow name="Your time" value={clock(hour.at, zone)} />
                )}
              </dl>
            ),
          }))}
        />
        <details className="numbers">
          <summary>The numbers</summary>
          <table className="table table-plain">
            <thead>
              <tr>
                <th scope="col">Hour, UTC</th>
                <th scope="col" className="number">
                  Requests
                </th>
                <th scope="col" className="number">
                  Spend
                </th>
              </tr>
            </thead>
            <tbody>
              {hours
                .filter((hour) => hour.requests > 0)
                .map((hour) => (
                  <tr key={hour.at}>
                    <td>
                      {clock(hour.at)} to {clock(hour.at + HOUR_MS)}
                    </td>
                    <td className="number">{count(hour.requests)}</td>
                    <td className="number">
                      <Money amount={hour.spend} />
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        </details>
      </div>
    </section>
  );
}

function CardRow({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
