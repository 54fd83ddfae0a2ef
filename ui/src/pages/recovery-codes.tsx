import { CopyButton } from "../components/copy";
import { Dialog } from "../components/dialog";

/** The only time that the codes are seen. */
export function RecoveryCodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  return (
    <Dialog title="Keep these recovery codes" onClose={onClose} narrow>
      <div className="dialog-body">
        <p>
          Each of them signs you in once when your other factors are lost. This is the only time that they are
          shown.
        </p>
        <ul className="codes" aria-label="Recovery codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <CopyButton text={codes.join("\n")} label="Copy all" />
      </div>
      <footer className="dialog-foot">
        <button type="button" className="button button-primary" data-autofocus onClick={onClose}>
          I have kept them
        </button>
      </footer>
    </Dialog>
  );
}
