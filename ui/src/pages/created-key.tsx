import { useEffect, useRef } from "react";
import type { CreatedKey } from "../api-types";
import { CopyButton } from "../components/copy";
import { Warning } from "../components/problem";
import { curl } from "../format/curl";
import { useModels, useUiInfo } from "../queries";

interface Props {
  created: CreatedKey;
  asking: boolean;
  onCopied: () => void;
  onDone: () => void;
  onStay: () => void;
  onLeave: () => void;
}

/** The only time that the key is seen. */
export function CreatedKeyView({ created, asking, onCopied, onDone, onStay, onLeave }: Props) {
  const info = useUiInfo();
  const models = useModels();
  const stay = useRef<HTMLButtonElement>(null);
  const heading = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    // The form that had the focus is gone.
    if (asking) stay.current?.focus();
    else heading.current?.focus();
  }, [asking]);
  const model = created.models[0] ?? models.data?.[0]?.name ?? "MODEL";
  const command = curl(info.data?.api_base_url ?? location.origin, model, created.key);
  return (
    <>
      <div className="dialog-body">
        <p ref={heading} tabIndex={-1}>
          <strong>{created.name}</strong> works from now on. Gatewright keeps no copy of the key, so this is
          the only time that it is shown.
        </p>
        <div className="field">
          <p className="label" id="new-key-label">
            Key
          </p>
          <div className="secret">
            <output aria-labelledby="new-key-label" data-testid="new-key" onCopy={onCopied}>
              {created.key}
            </output>
            <CopyButton text={created.key} label="Copy key" onCopied={onCopied} />
          </div>
        </div>
        <div className="field">
          <p className="label">Try it</p>
          <div className="code">
            <pre data-testid="new-key-curl" onCopy={onCopied}>
              {command}
            </pre>
            <div className="code-tools">
              <CopyButton text={command} label="Copy the command" onCopied={onCopied} />
            </div>
          </div>
        </div>
      </div>
      {asking ? (
        <div className="dialog-foot dialog-ask" role="alert">
          <Warning>
            <p>The key was not copied. After closing, nobody can show it again.</p>
          </Warning>
          <div className="dialog-foot-buttons">
            <button type="button" className="button button-bad" onClick={onLeave}>
              Close without copying
            </button>
            <button ref={stay} type="button" className="button" onClick={onStay}>
              Stay
            </button>
          </div>
        </div>
      ) : (
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onDone}>
            Done
          </button>
        </footer>
      )}
    </>
  );
}
