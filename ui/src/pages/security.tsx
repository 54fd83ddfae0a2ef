import { useState } from "react";
import { api } from "../api";
import type { Factor } from "../api-types";
import { FactorLine } from "../components/factor-line";
import { Loading } from "../components/loading";
import { Problem } from "../components/problem";
import { useToast } from "../components/toast";
import { plural } from "../format/number";
import { passkeysWork } from "../passkeys";
import { useRefresh, useSecurity } from "../queries";
import { at } from "../root";
import { AddAppDialog } from "./add-app";
import { AddPasskeyDialog } from "./add-passkey";
import { ChangePasswordDialog } from "./change-password";
import { PasswordDialog } from "./password-dialog";
import { RecoveryCodesDialog } from "./recovery-codes";

const LOW = 3;

type Open =
  | { what: "password" | "app" | "passkey" | "codes" | "not-me" }
  | { what: "remove"; factor: Factor }
  | { what: "shown"; codes: readonly string[] }
  | null;

/** My account: the password, and what proves that it is me who types it. */
export function Security() {
  const security = useSecurity();
  const refresh = useRefresh();
  const toast = useToast();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const done = (text: string) => (codes: readonly string[] | null) => {
    toast(text);
    refresh("security");
    setOpen(codes && codes.length > 0 ? { what: "shown", codes } : null);
  };
  if (security.isPending) {
    return (
      <section className="panel">
        <Loading what="how you sign in" rows={3} />
      </section>
    );
  }
  if (!security.data) return <Problem error={security.error} onRetry={() => security.refetch()} />;
  const { local, required, factors, recovery_codes_left: left } = security.data;
  return (
    <section className="panel" aria-labelledby="security-title">
      <header className="panel-head">
        <h2 id="security-title">How I sign in</h2>
        {local && (
          <div className="panel-tools">
            <button type="button" className="button" onClick={() => setOpen({ what: "password" })}>
              Change password
            </button>
            <button type="button" className="button" onClick={() => setOpen({ what: "app" })}>
              Add an app
            </button>
            {passkeysWork() && (
              <button type="button" className="button" onClick={() => setOpen({ what: "passkey" })}>
                Add a passkey
              </button>
            )}
            <button type="button" className="button button-quiet" onClick={() => setOpen({ what: "not-me" })}>
              This was not me
            </button>
          </div>
        )}
      </header>
      {!local && (
        <div className="empty">
          <p>You sign in at your company's provider, which keeps your password and your factors.</p>
        </div>
      )}
      {local && factors.length === 0 && (
        <div className="empty">
          <p>
            Your password alone signs you in. An authenticator app or a passkey keeps out whoever learns it.
          </p>
          {required && <p>A group that you are in asks for one at the next sign-in.</p>}
        </div>
      )}
      {factors.length > 0 && (
        <ul className="rows" aria-label="Second factors">
          {factors.map((factor) => (
            <li key={factor.id} className="row">
              <FactorLine factor={factor} />
              <button
                type="button"
                className="button button-quiet"
                aria-label={`Remove ${factor.name}`}
                onClick={() => setOpen({ what: "remove", factor })}
              >
                Remove
              </button>
            </li>
          ))}
          <li className="row">
            <span className="stack">
              <strong>Recovery codes</strong>
              <span className={left <= LOW ? "small warn-text" : "small muted"}>
                {left === 0 ? "None is left." : `${plural(left, "code")} left.`} Each signs you in once
                without the others.
              </span>
            </span>
            <button type="button" className="button button-quiet" onClick={() => setOpen({ what: "codes" })}>
              New codes
            </button>
          </li>
        </ul>
      )}
      {open?.what === "password" && <ChangePasswordDialog onClose={close} />}
      {open?.what === "app" && <AddAppDialog onClose={close} onAdded={done("Added the authenticator app")} />}
      {open?.what === "passkey" && <AddPasskeyDialog onClose={close} onAdded={done("Added the passkey")} />}
      {open?.what === "remove" && (
        <PasswordDialog
          title={`Remove ${open.factor.name}?`}
          act="Remove"
          destroys
          run={async (password) => {
            await api.removeFactor(open.factor.id, password);
            return null;
          }}
          onDone={done(`Removed ${open.factor.name}`)}
          onClose={close}
        >
          <p>From now on it does not sign you in.</p>
        </PasswordDialog>
      )}
      {open?.what === "codes" && (
        <PasswordDialog
          title="New recovery codes"
          act="Make new codes"
          run={async (password) => (await api.newRecoveryCodes(password)).recovery_codes}
          onDone={done("Made new recovery codes")}
          onClose={close}
        >
          <p>The codes that you have now stop working.</p>
        </PasswordDialog>
      )}
      {open?.what === "not-me" && (
        <PasswordDialog
          title="Was somebody else here?"
          act="End everything"
          destroys
          run={(password) => api.notMe(password)}
          onDone={({ new_password: path }) => window.location.assign(at(path ?? "/ui/"))}
          onClose={close}
        >
          <p>
            This ends every session, every command line and every token in your name, this session too. Your
            password stops working, and you choose a new one right away. Virtual keys stay, since applications
            use them: look through them afterwards.
          </p>
        </PasswordDialog>
      )}
      {open?.what === "shown" && <RecoveryCodesDialog codes={open.codes} onClose={close} />}
    </section>
  );
}
