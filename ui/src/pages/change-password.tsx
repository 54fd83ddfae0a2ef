import { api } from "../api";
import { Field } from "../components/field";
import { FormDialog } from "../components/form-dialog";
import { expectSignOut, leave, signInUrl } from "../session";

const typed = (data: FormData, name: string) => String(data.get(name) ?? "");

export function ChangePasswordDialog({ onClose }: { onClose: () => void }) {
  const change = async (data: FormData) => {
    // The old password's sessions are over with it, this one too.
    expectSignOut(true);
    try {
      await api.changePassword(typed(data, "current_password"), typed(data, "new_password"));
    } catch (thrown) {
      expectSignOut(false);
      throw thrown;
    }
  };
  return (
    <FormDialog
      title="Change password"
      act="Change password"
      known={["current_password", "new_password"]}
      narrow
      run={change}
      onDone={() => leave(signInUrl())}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <p>You are signed out everywhere, here too, and sign in again with the new password.</p>
          <Field
            label="Current password"
            type="password"
            name="current_password"
            autoComplete="current-password"
            data-autofocus
            required
            error={errors.current_password}
          />
          <Field
            label="New password"
            type="password"
            name="new_password"
            autoComplete="new-password"
            hint="A sentence is easier to keep than a puzzle."
            required
            error={errors.new_password}
          />
        </>
      )}
    </FormDialog>
  );
}
