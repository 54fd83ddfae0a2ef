import { asApiError } from "../api-error";
import { signInUrl } from "../session";
import { Icon } from "./icons";

/** What went wrong, what to do about it, and the reference that finds it in the server's log. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { message, hint, requestId, status, code } = asApiError(error);
  return (
    <div className="note note-bad" role="alert">
      <Icon name="failed" />
      <div>
        <p className="note-title">{message}</p>
        {hint && <p>{hint}</p>}
        {requestId && (
          <p className="small">
            Reference <code>{requestId}</code>
          </p>
        )}
        {status === 401 ? (
          <p>
            {code === "session_over" ? (
              <a className="button" href={signInUrl()} target="_blank" rel="noreferrer">
                Sign in in another tab
              </a>
            ) : (
              <a className="button" href={signInUrl()}>
                Sign in
              </a>
            )}
          </p>
        ) : (
          onRetry && (
            <p>
              <button type="button" className="button" onClick={onRetry}>
                Try again
              </button>
            </p>
          )
        )}
      </div>
    </div>
  );
}

export function Warning({ children }: { children: React.ReactNode }) {
  return (
    <div className="note note-warn">
      <Icon name="warning" />
      <div>{children}</div>
    </div>
  );
}
