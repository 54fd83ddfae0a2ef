import { createContext, useContext } from "react";
import type { Me } from "./api-types";

export interface ShellContext {
  me: Me;
  openCommands: () => void;
  signOut: () => void;
}

export const Shell = createContext<ShellContext | null>(null);

export function useShell(): ShellContext {
  const shell = useContext(Shell);
  if (!shell) throw new Error("useShell outside the shell");
  return shell;
}
