import { Link } from "wouter";
import type { Me } from "../api-types";
import { useShell } from "../context";
import { Icon } from "./icons";

export const nameOf = (person: {
  display_name: string | null;
  username: string | null;
  email: string | null;
  user_id: string;
}) => person.display_name || person.username || person.email || person.user_id;

function initials(me: Me): string {
  const words = nameOf(me)
    .split(/[\s._@-]+/)
    .filter(Boolean);
  return (
    words
      .slice(0, 2)
      .map((word) => [...word][0]?.toUpperCase())
      .join("") || "?"
  );
}

export function AccountBlock() {
  const { me, signOut } = useShell();
  return (
    <div className="account">
      <Link href="/account" className="account-link">
        <span className="avatar" aria-hidden="true">
          {initials(me)}
        </span>
        <span className="account-text">
          <span className="account-name">{nameOf(me)}</span>
          <span className="small muted">{me.role_label}</span>
        </span>
      </Link>
      <button
        type="button"
        className="button button-bare"
        aria-label="Sign out"
        title="Sign out"
        onClick={signOut}
      >
        <Icon name="exit" />
      </button>
    </div>
  );
}
