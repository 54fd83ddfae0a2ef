import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "wouter";
import { useShell } from "../context";
import { Icon } from "./icons";
import { ThemeMenu } from "./theme-menu";

let firstPage = true;

/** The frame of every page: its one h1, the tools that are everywhere, and the page's own act. */
export function Page({
  title,
  action,
  up,
  children,
}: {
  title: string;
  action?: ReactNode;
  /** The list that the page's object is in. */
  up?: { href: string; label: string };
  children: ReactNode;
}) {
  const { openCommands } = useShell();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Gatewright`;
    // After a click on a link the new page has to be announced; at the first load the browser does it.
    if (!firstPage) {
      scrollTo(0, 0);
      heading.current?.focus({ preventScroll: true });
    }
    firstPage = false;
  }, [title]);
  return (
    <>
      {up && (
        <nav aria-label="Up" className="up">
          <Link href={up.href}>{up.label}</Link>
        </nav>
      )}
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <div className="page-tools">
          <button
            type="button"
            className="button search"
            aria-label="Search"
            aria-keyshortcuts="Control+K"
            onClick={openCommands}
          >
            <Icon name="search" />
            <span className="search-word">Search</span>
            <kbd aria-hidden="true">Ctrl K</kbd>
          </button>
          <ThemeMenu />
          {action}
        </div>
      </header>
      {children}
    </>
  );
}
