import { type KeyboardEvent, useRef } from "react";
import { Labelled } from "./labelled";

interface Props {
  label: string;
  hint: string;
  value: string;
  onChange: (value: string) => void;
  error?: string | undefined;
}

const INDENT = "    ";

/** Text with indentation. Tab indents after Enter or a click has begun to edit; Escape lets Tab leave again. */
export function CodeField({ label, hint, value, onChange, error }: Props) {
  // Whoever only passes by with Tab is not caught (WCAG 2.1.2).
  const editing = useRef(false);
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const area = event.currentTarget;
    if (event.key === "Escape" && editing.current) {
      event.preventDefault();
      editing.current = false;
    } else if (event.key === "Tab" && !event.shiftKey && editing.current) {
      event.preventDefault();
      // The command keeps the browser's undo, which setting the value would throw away.
      document.execCommand("insertText", false, INDENT);
      onChange(area.value);
    } else if (event.key.length === 1 || event.key === "Enter") {
      editing.current = true;
    }
  };
  return (
    <Labelled
      label={label}
      hint={`${hint} While you type, Tab indents; Escape lets it move on.`}
      error={error}
    >
      {(described) => (
        <textarea
          {...described}
          className="input code-input"
          rows={12}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          wrap="off"
          value={value}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={onKeyDown}
          onBlur={() => {
            editing.current = false;
          }}
        />
      )}
    </Labelled>
  );
}
