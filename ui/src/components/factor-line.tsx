import type { Factor } from "../api-types";
import { Badge } from "./badge";
import { Time } from "./time";

/** What a second factor is called, what it is, and when it was used. */
export function FactorLine({ factor }: { factor: Factor }) {
  return (
    <span className="stack">
      <span className="name">
        <strong>{factor.name}</strong>{" "}
        <Badge>{factor.kind === "app" ? "authenticator app" : "passkey"}</Badge>
      </span>
      <span className="small muted">
        Added <Time at={factor.created_at} />, last used <Time at={factor.last_used_at} />
      </span>
    </span>
  );
}
