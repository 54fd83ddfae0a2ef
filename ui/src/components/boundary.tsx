import { Component, type ReactNode } from "react";

/** A mistake of ours shows words and a way on, never an empty page. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="lonely">
        <h1>The dashboard stopped</h1>
        <p>
          This is a mistake in the dashboard. The gateway itself is not affected; the browser's console has
          the details.
        </p>
        <p>
          <button type="button" className="button" onClick={() => location.reload()}>
            Load it again
          </button>
        </p>
      </main>
    );
  }
}
