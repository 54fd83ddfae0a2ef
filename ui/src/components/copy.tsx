import { useEffect, useRef, useState } from "react";
import { Icon } from "./icons";

const SHOWN_MS = 2_500;

async function write(text: string, holder: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http on another host than localhost has no clipboard API; the old command still works there.
    return holder !== null && copyFrom(text, holder);
  }
}

function copyFrom(text: string, holder: HTMLElement): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "hidden";
  // Beside the button, because a modal dialog lets nothing outside itself take the selection.
  holder.after(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

export function CopyButton({
  text,
  label,
  onCopied,
}: {
  text: string;
  label: string;
  onCopied?: () => void;
}) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    const done = await write(text, ref.current);
    setState(done ? "copied" : "failed");
    if (done) onCopied?.();
  };
  return (
    <>
      <button ref={ref} type="button" className="button" onClick={copy}>
        <Icon name={state === "copied" ? "check" : "copy"} />
        {label}
      </button>
      <span className={state === "failed" ? "small" : "hidden"} role="status">
        {state === "copied" && "Copied"}
        {state === "failed" && "This browser does not let the page copy: select the text and copy it."}
      </span>
    </>
  );
}
