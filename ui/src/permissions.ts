import type { Key, Me } from "./api-types";

/** What the dashboard offers. The API decides; this only keeps buttons away that could not work. */
export const isAdmin = (me: Me) => me.role === "proxy_admin";
export const seesEveryone = (me: Me) => me.role === "proxy_admin" || me.role === "proxy_admin_viewer";
export const createsKeys = (me: Me) => me.role === "proxy_admin" || me.role === "internal_user";
export const revokes = (me: Me, key: Key) =>
  key.status === "active" && (isAdmin(me) || key.owner?.user_id === me.user_id);
