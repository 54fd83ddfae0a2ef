import { AppIcon } from "../components/app-icon";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { Problem } from "../components/problem";
import type { Application } from "../directory/applications";
import { useMyApplications } from "../directory/queries";

/** The applications that this person may use, under the headings that they are put under. */
export function LibraryPage() {
  const mine = useMyApplications();
  const shown = (mine.data ?? []).filter((one) => !one.meta_hide);
  const headings = [...new Set(shown.map((one) => one.group))].toSorted();
  return (
    <Page title="My applications">
      {mine.isPending && (
        <section className="panel">
          <Loading what="your applications" rows={3} />
        </section>
      )}
      {mine.isError && <Problem error={mine.error} onRetry={() => mine.refetch()} />}
      {mine.data && shown.length === 0 && (
        <section className="panel">
          <div className="empty">
            <p>There is no application for you yet.</p>
          </div>
        </section>
      )}
      {headings.map((heading) => (
        <section key={heading} className="shelf" aria-label={heading || "Applications"}>
          {heading && <h2>{heading}</h2>}
          <ul className="tiles">
            {shown
              .filter((one) => one.group === heading)
              .map((one) => (
                <Tile key={one.pk} of={one} />
              ))}
          </ul>
        </section>
      ))}
    </Page>
  );
}

function Tile({ of }: { of: Application }) {
  const about = [of.meta_publisher, of.meta_description].filter(Boolean).join(" · ");
  return (
    <li>
      <a
        className="tile"
        href={of.launch_url}
        {...(of.open_in_new_tab ? { target: "_blank", rel: "noopener noreferrer" } : {})}
      >
        <AppIcon of={of} />
        <span className="stack">
          <strong>{of.name}</strong>
          {about && <span className="small muted">{about}</span>}
          {of.open_in_new_tab && <span className="hidden"> opens in a new tab</span>}
        </span>
      </a>
    </li>
  );
}
