import { useEffect, useRef, useState } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { signOut as endSession } from "./api";
import type { Me } from "./api-types";
import { commandsFor, type NavPage, pagesFor } from "./commands";
import { AccountBlock } from "./components/account-block";
import { CommandMenu } from "./components/command-menu";
import { Icon, Logo } from "./components/icons";
import { Loading } from "./components/loading";
import { Problem } from "./components/problem";
import { ShortcutHelp } from "./components/shortcut-help";
import { ToastProvider } from "./components/toast";
import { Shell } from "./context";
import { AccountPage } from "./pages/account";
import { ApplicationPage } from "./pages/application";
import { ApplicationsPage } from "./pages/applications";
import { EntitlementPage } from "./pages/entitlements";
import { EventsPage } from "./pages/events";
import { GroupPage } from "./pages/group";
import { GroupsPage } from "./pages/groups";
import { InvitationsPage } from "./pages/invitations";
import { KeysPage } from "./pages/keys";
import { LibraryPage } from "./pages/library";
import { MailPage } from "./pages/mail";
import { MappingPage, NewMappingPage } from "./pages/mapping";
import { MappingsPage } from "./pages/mappings";
import { ModelsPage } from "./pages/models";
import { NotFoundPage } from "./pages/not-found";
import { OverviewPage } from "./pages/overview";
import { ProviderPage } from "./pages/provider";
import { ProvidersPage } from "./pages/providers";
import { RegistrationTokensPage } from "./pages/registration-tokens";
import { ServiceAccountsPage } from "./pages/service-accounts";
import { SessionsPage } from "./pages/sessions";
import { SignInPage } from "./pages/sign-in";
import { SignInProviderPage } from "./pages/sign-in-provider";
import { SigningKeysPage } from "./pages/signing-keys";
import { TokensPage } from "./pages/tokens";
import { ServiceAccountPage, UserPage } from "./pages/user";
import { UsersPage } from "./pages/users";
import { useMe } from "./queries";
import { useShortcuts } from "./shortcuts";

export function App() {
  const me = useMe();
  if (me.data) {
    return (
      <ToastProvider>
        <Dashboard me={me.data} />
      </ToastProvider>
    );
  }
  return (
    <main className="lonely">
      <h1 className="brand">
        <Logo />
        Gatewright
      </h1>
      {me.isError ? (
        <Problem error={me.error} onRetry={() => me.refetch()} />
      ) : (
        <Loading what="your account" rows={3} />
      )}
    </main>
  );
}

function Dashboard({ me }: { me: Me }) {
  const [, go] = useLocation();
  const [layer, setLayer] = useState<"none" | "commands" | "help">("none");
  const [failure, setFailure] = useState<unknown>(null);
  const pages = pagesFor(me);
  const signOut = () => {
    setFailure(null);
    endSession().catch(setFailure);
  };
  const openCommands = () => setLayer("commands");
  const showShortcuts = () => setLayer("help");
  const close = () => setLayer("none");
  useShortcuts({ pages, go, openCommands, openHelp: showShortcuts });
  return (
    <Shell value={{ me, openCommands, signOut }}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="shell">
        <header className="side">
          <Link href="/" className="brand">
            <Logo />
            Gatewright
          </Link>
          <Navigation pages={pages} />
          <AccountBlock />
        </header>
        <main id="main" className="main" tabIndex={-1}>
          {failure !== null && <Problem error={failure} onRetry={signOut} />}
          <Switch>
            <Route path="/" component={OverviewPage} />
            <Route path="/keys" component={KeysPage} />
            <Route path="/models" component={ModelsPage} />
            <Route path="/applications" component={ApplicationsPage} />
            <Route path="/applications/:id" component={ApplicationPage} />
            <Route path="/applications/:slug/entitlements/:id" component={EntitlementPage} />
            <Route path="/providers" component={ProvidersPage} />
            <Route path="/providers/:id" component={ProviderPage} />
            <Route path="/property-mappings" component={MappingsPage} />
            <Route path="/property-mappings/new" component={NewMappingPage} />
            <Route path="/property-mappings/:id" component={MappingPage} />
            <Route path="/users" component={UsersPage} />
            <Route path="/users/:id" component={UserPage} />
            <Route path="/groups" component={GroupsPage} />
            <Route path="/groups/:id" component={GroupPage} />
            <Route path="/service-accounts" component={ServiceAccountsPage} />
            <Route path="/service-accounts/:id" component={ServiceAccountPage} />
            <Route path="/sessions" component={SessionsPage} />
            <Route path="/tokens" component={TokensPage} />
            <Route path="/invitations" component={InvitationsPage} />
            <Route path="/registration-tokens" component={RegistrationTokensPage} />
            <Route path="/sign-in" component={SignInPage} />
            <Route path="/sign-in/:id" component={SignInProviderPage} />
            <Route path="/email" component={MailPage} />
            <Route path="/signing-keys" component={SigningKeysPage} />
            <Route path="/my-applications" component={LibraryPage} />
            <Route path="/events" component={EventsPage} />
            <Route path="/account" component={AccountPage} />
            <Route component={NotFoundPage} />
          </Switch>
        </main>
      </div>
      {layer === "commands" && (
        <CommandMenu commands={commandsFor(me, { go, signOut, showShortcuts })} onClose={close} />
      )}
      {layer === "help" && <ShortcutHelp pages={pages} onClose={close} />}
    </Shell>
  );
}

function Navigation({ pages }: { pages: readonly NavPage[] }) {
  const [location] = useLocation();
  const groups = [...new Set(pages.map((page) => page.group))];
  const bar = useRef<HTMLElement>(null);
  // On a phone the bar scrolls: the link of where one is has to be in sight.
  useEffect(() => {
    bar.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [location]);
  return (
    <nav ref={bar} className="nav" aria-label="Main">
      {groups.map((group) => (
        <div key={group} className="nav-group">
          {group && <p className="nav-title">{group}</p>}
          <ul>
            {pages
              .filter((page) => page.group === group)
              .map((page) => (
                <li key={page.path}>
                  <Link
                    href={page.path}
                    className="nav-link"
                    aria-current={isAt(location, page.path) ? "page" : undefined}
                  >
                    <Icon name={page.icon} />
                    {page.label}
                  </Link>
                </li>
              ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** A page of one object is part of the page of its list. */
const isAt = (location: string, path: string) =>
  location === path || (path !== "/" && location.startsWith(`${path}/`));
