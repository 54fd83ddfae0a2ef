import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api } from "../api";
import type { Role } from "../api-types";
import { nameOf } from "../components/account-block";
import { Dialog } from "../components/dialog";
import { Problem, Warning } from "../components/problem";
import { useToast } from "../components/toast";
import { useShell } from "../context";
import type { Person } from "../directory/people";
import { personName } from "../format/person";
import { ROLES, roleReasonInWords } from "../format/role";
import { useRefresh } from "../queries";

export function ChangeRoleDialog({ user, onClose }: { user: Person; onClose: () => void }) {
  const { me } = useShell();
  const refresh = useRefresh();
  const toast = useToast();
  const name = useId();
  const [role, setRole] = useState<Role>(user.role);
  const mutation = useMutation({
    mutationFn: () => api.changeUser(user.user_id, { role }),
    onSuccess: (changed) => {
      toast(`${nameOf(changed)} is now ${changed.role_label}`);
      refresh("users", "me");
      onClose();
    },
  });
  const losesAdmin = user.user_id === me.user_id && role !== "proxy_admin";
  return (
    <Dialog title={`Role of ${personName(user)}`} onClose={onClose} narrow>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutation.mutate();
        }}
      >
        <div className="dialog-body">
          <p>
            Now {user.role_label}, because: {roleReasonInWords(user.role_reason, user.role_locked)}.
          </p>
          <fieldset className="fieldset options">
            <legend className="label">New role</legend>
            {ROLES.map((option) => (
              <label key={option.role} className="option">
                <input
                  type="radio"
                  name={name}
                  value={option.role}
                  aria-label={option.label}
                  aria-describedby={`${name}-${option.role}`}
                  checked={option.role === role}
                  onChange={() => setRole(option.role)}
                />
                <span className="stack">
                  <span>
                    <strong>{option.label}</strong> <code className="small muted">{option.role}</code>
                  </span>
                  <span id={`${name}-${option.role}`} className="small muted">
                    {option.allows}
                  </span>
                </span>
              </label>
            ))}
          </fieldset>
          <p className="small muted">
            A role set here is locked: the sign-in provider no longer decides it, until somebody unlocks it.
          </p>
          {losesAdmin && (
            <Warning>
              <p>
                This is your own account. You lose administration at once, and another administrator has to
                give it back.
              </p>
            </Warning>
          )}
          {mutation.isError && <Problem error={mutation.error} />}
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className={losesAdmin ? "button button-bad" : "button button-primary"}
            disabled={mutation.isPending}
          >
            {role === user.role ? "Lock role" : "Change role"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
