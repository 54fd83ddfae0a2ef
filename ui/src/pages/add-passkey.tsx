import { api } from "../api";
import { deviceName } from "../format/device";
import { makePasskey } from "../passkeys";
import { PasswordDialog } from "./password-dialog";

interface Props {
  onAdded: (codes: readonly string[]) => void;
  onClose: () => void;
}

export function AddPasskeyDialog({ onAdded, onClose }: Props) {
  const add = async (password: string) => {
    const { handle, options } = await api.beginPasskey(password);
    const credential = await makePasskey(options);
    const answer = await api.addPasskey({ handle, credential, name: deviceName(navigator.userAgent) });
    return answer.recovery_codes;
  };
  return (
    <PasswordDialog title="Add a passkey" act="Continue" run={add} onDone={onAdded} onClose={onClose}>
      <p>Your device asks for your finger, your face or its PIN, and signs you in with that from now on.</p>
    </PasswordDialog>
  );
}
