import { Link } from "wouter";
import { Page } from "../components/page";

export function NotFoundPage() {
  return (
    <Page title="Page not found">
      <section className="panel">
        <div className="empty">
          <p>There is no page at this address.</p>
          <Link href="/" className="button">
            Go to the overview
          </Link>
        </div>
      </section>
    </Page>
  );
}
