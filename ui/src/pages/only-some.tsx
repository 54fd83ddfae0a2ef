import { Page } from "../components/page";

/** For people who may not see a page that they came to by its address. */
export function OnlySome({ title }: { title: string }) {
  return (
    <Page title={title}>
      <section className="panel">
        <div className="empty">
          <p>Only administrators and viewers see this page.</p>
        </div>
      </section>
    </Page>
  );
}
