import { useState } from "react";
import { Link } from "wouter";
import type { Overview } from "../api-types";
import { Icon } from "../components/icons";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { Problem } from "../components/problem";
import { useShell } from "../context";
import { exactMoney, money } from "../format/money";
import { count, plural, share } from "../format/number";
import { createsKeys, seesEveryone } from "../permissions";
import { useOverview } from "../queries";
import { FirstRequest } from "./first-request";
import { HoursPanel } from "./hours";
import { TopModels } from "./top-models";

export function OverviewPage() {
  const overview = useOverview();
  const { me } = useShell();
  const { data } = overview;
  // Once shown, the guide stays until it is dismissed: it has the tick that its reader waits for.
  const [guide, setGuide] = useState<"unknown" | "shown" | "dismissed">("unknown");
  if (guide === "unknown" && data?.first_request_done === false) setGuide("shown");
  return (
    <Page
      title="Overview"
      action={
        createsKeys(me) && (
          <Link
            href="/keys?new=key"
            className="button button-primary"
            data-shortcut="new"
            aria-keyshortcuts="n"
          >
            <Icon name="plus" />
            New key
          </Link>
        )
      }
    >
      {overview.isPending && (
        <section className="panel">
          <Loading what="today's figures" rows={6} />
        </section>
      )}
      {overview.isError && <Problem error={overview.error} onRetry={() => overview.refetch()} />}
      {data && guide === "shown" && <FirstRequest overview={data} onDismiss={() => setGuide("dismissed")} />}
      {data && (
        <>
          <p className="scope">
            {seesEveryone(me) ? "Everybody's requests" : "Your requests"} today, from 00:00 UTC
          </p>
          <Figures data={data} />
          {data.requests > 0 && (
            <>
              <HoursPanel overview={data} />
              <TopModels overview={data} />
            </>
          )}
          {data.requests === 0 && data.first_request_done && (
            <section className="panel">
              <div className="empty">
                <p>No requests yet today. The figures of earlier days are in each key's spend.</p>
              </div>
            </section>
          )}
        </>
      )}
    </Page>
  );
}

function Figures({ data }: { data: Overview }) {
  const unpriced = data.unpriced_requests;
  return (
    <dl className="figures">
      <Figure name="Requests" value={count(data.requests)} />
      <Figure
        name="Tokens"
        value={count(data.tokens.total)}
        note={`${count(data.tokens.prompt)} in, ${count(data.tokens.completion)} out`}
      />
      <Figure
        name="Spend today"
        value={money(data.spend)}
        title={exactMoney(data.spend)}
        note={unpriced > 0 ? `${plural(unpriced, "request")} with no price set` : undefined}
        tone={unpriced > 0 ? "warn" : undefined}
      />
      <Figure
        name="Errors"
        value={count(data.errors)}
        note={data.requests > 0 ? `${share(data.errors, data.requests)} of requests` : undefined}
        tone={data.errors > 0 ? "bad" : undefined}
      />
    </dl>
  );
}

interface FigureProps {
  name: string;
  value: string;
  title?: string | undefined;
  note?: string | undefined;
  tone?: "warn" | "bad" | undefined;
}

function Figure({ name, value, title, note, tone }: FigureProps) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <span className="figure-value" title={title}>
          {value}
        </span>
        {note && <span className={tone ? `figure-note ${tone}` : "figure-note"}>{note}</span>}
      </dd>
    </div>
  );
}
