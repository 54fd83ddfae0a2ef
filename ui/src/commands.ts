import type { Me } from "./api-types";
import type { IconName } from "./components/icons";
import { THEMES } from "./components/theme-menu";
import { createsKeys, isAdmin, seesEveryone } from "./permissions";
import { setTheme } from "./theme";

export interface NavPage {
  path: string;
  label: string;
  icon: IconName;
  group: "" | "Gateway" | "Applications" | "Directory" | "Customization" | "System" | "Events";
  /** After "g". */
  letter: string;
}

const PAGES: readonly (NavPage & { for?: (me: Me) => boolean })[] = [
  { path: "/", label: "Overview", icon: "overview", group: "", letter: "o" },
  { path: "/my-applications", label: "My applications", icon: "library", group: "", letter: "l" },
  { path: "/account", label: "My account", icon: "account", group: "", letter: "a" },
  { path: "/keys", label: "Keys", icon: "key", group: "Gateway", letter: "k" },
  { path: "/models", label: "Models", icon: "models", group: "Gateway", letter: "m" },
  {
    path: "/applications",
    label: "Applications",
    icon: "apps",
    group: "Applications",
    letter: "p",
    for: seesEveryone,
  },
  {
    path: "/providers",
    label: "Providers",
    icon: "provider",
    group: "Applications",
    letter: "v",
    for: seesEveryone,
  },
  {
    path: "/registration-tokens",
    label: "Registration tokens",
    icon: "ticket",
    group: "Applications",
    letter: "w",
    for: seesEveryone,
  },
  { path: "/users", label: "Users", icon: "users", group: "Directory", letter: "u", for: seesEveryone },
  { path: "/groups", label: "Groups", icon: "groups", group: "Directory", letter: "r", for: seesEveryone },
  {
    path: "/service-accounts",
    label: "Service accounts",
    icon: "program",
    group: "Directory",
    letter: "b",
    for: seesEveryone,
  },
  {
    path: "/sessions",
    label: "Sessions",
    icon: "screen",
    group: "Directory",
    letter: "d",
    for: seesEveryone,
  },
  {
    path: "/tokens",
    label: "Tokens",
    icon: "token",
    group: "Directory",
    letter: "t",
    for: seesEveryone,
  },
  {
    path: "/invitations",
    label: "Invitations",
    icon: "invite",
    group: "Directory",
    letter: "i",
    for: seesEveryone,
  },
  { path: "/sign-in", label: "Sign-in", icon: "enter", group: "Directory", letter: "f", for: seesEveryone },
  {
    path: "/property-mappings",
    label: "Property Mappings",
    icon: "mapping",
    group: "Customization",
    letter: "s",
    for: seesEveryone,
  },
  {
    path: "/signing-keys",
    label: "Signing keys",
    icon: "lock",
    group: "System",
    letter: "y",
    for: seesEveryone,
  },
  { path: "/email", label: "E-mail", icon: "mail", group: "System", letter: "x", for: seesEveryone },
  { path: "/events", label: "Logs", icon: "events", group: "Events", letter: "e", for: seesEveryone },
];

export const pagesFor = (me: Me): readonly NavPage[] => PAGES.filter((page) => page.for?.(me) ?? true);

export interface Command {
  id: string;
  label: string;
  group: string;
  icon: IconName;
  run: () => void;
}

interface Does {
  go: (path: string) => void;
  signOut: () => void;
  showShortcuts: () => void;
}

/** Everything that the command menu offers to this person. */
export function commandsFor(me: Me, does: Does): Command[] {
  const act = (id: string, label: string, icon: IconName, run: () => void) => ({
    id,
    label,
    group: "Action",
    icon,
    run,
  });
  return [
    ...pagesFor(me).map((page) => ({
      id: page.path,
      label: page.label,
      group: page.group || "Page",
      icon: page.icon,
      run: () => does.go(page.path),
    })),
    ...(createsKeys(me) ? [act("new-key", "Create a key", "plus", () => does.go("/keys?new=key"))] : []),
    ...(isAdmin(me) ? [act("new-model", "Add a model", "plus", () => does.go("/models?new=model"))] : []),
    ...(isAdmin(me)
      ? [
          act("new-application", "Create an application", "plus", () =>
            does.go("/applications?new=application"),
          ),
          act("new-provider", "Create a provider", "plus", () => does.go("/providers?new=provider")),
          act("new-sign-in", "Add a sign-in provider", "plus", () =>
            does.go("/sign-in?new=sign-in-provider"),
          ),
          act("new-mapping", "Create a scope mapping", "plus", () => does.go("/property-mappings/new")),
          act("new-user", "Add a user", "plus", () => does.go("/users?new=user")),
          act("new-group", "Create a group", "plus", () => does.go("/groups?new=group")),
          act("new-invitation", "Invite somebody", "plus", () => does.go("/invitations?new=invitation")),
          act("new-service-account", "Create a service account", "plus", () =>
            does.go("/service-accounts?new=service-account"),
          ),
          act("new-token", "Create a token", "plus", () => does.go("/tokens?new=token")),
        ]
      : []),
    ...THEMES.map(({ choice, label, icon }) => ({
      id: `theme-${choice}`,
      label: `Theme: ${label.toLowerCase()}`,
      group: "Theme",
      icon,
      run: () => setTheme(choice),
    })),
    act("shortcuts", "Keyboard shortcuts", "keyboard", does.showShortcuts),
    act("sign-out", "Sign out", "exit", does.signOut),
  ];
}
