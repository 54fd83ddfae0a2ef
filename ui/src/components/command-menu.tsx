import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import type { Command } from "../commands";
import { useModal } from "./dialog";
import { Icon } from "./icons";

/** Pages and actions, found by typing. The focus stays in the box; the arrows move the choice. */
export function CommandMenu({ commands, onClose }: { commands: Command[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  useModal(dialog, onClose);

  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands.filter((command) => {
    const searched = `${command.label} ${command.group}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
  const current = found[chosen];
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen, text]);

  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = found.length - 1;
    const next = {
      ArrowDown: chosen >= last ? 0 : chosen + 1,
      ArrowUp: chosen <= 0 ? Math.max(0, last) : chosen - 1,
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      setChosen(next);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(current);
    }
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the menu; Escape does the same
    <dialog
      ref={dialog}
      className="dialog palette"
      aria-label="Search pages and actions"
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="palette-box">
        <Icon name="search" />
        <input
          className="palette-input"
          role="combobox"
          aria-label="Search pages and actions"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={current ? `${id}-${current.id}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          placeholder="Search pages and actions"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div ref={list} id={`${id}-list`} className="palette-list" role="listbox" aria-label="Results">
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the box above has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant points here instead
          <div
            key={command.id}
            id={`${id}-${command.id}`}
            className="palette-item"
            role="option"
            aria-selected={index === chosen}
            onPointerMove={() => setChosen(index)}
            onClick={() => run(command)}
          >
            <Icon name={command.icon} />
            <span>{command.label}</span>
            <span className="palette-group">{command.group}</span>
          </div>
        ))}
      </div>
      <p className={found.length === 0 ? "palette-none" : "hidden"} role="status">
        {found.length === 0 ? "Nothing has this name." : ""}
      </p>
    </dialog>
  );
}
