import { useId, useRef } from "react";
import { Icon } from "./icons";

interface Props {
  items: readonly { label: string; note: string; onChoose: () => void }[];
}

/** "Create" and what there is to create. */
export function CreateMenu({ items }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const place = () => {
    const at = button.current?.getBoundingClientRect();
    if (!at || !menu.current) return;
    // A popover is laid out against the page, not against its button.
    menu.current.style.top = `${at.bottom + scrollY + 6}px`;
    menu.current.style.right = `${document.documentElement.clientWidth - at.right}px`;
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className="button button-primary"
        data-shortcut="new"
        popoverTarget={id}
        onClick={place}
      >
        <Icon name="plus" />
        Create
      </button>
      <div ref={menu} id={id} popover="auto" className="menu">
        <ul aria-label="Create">
          {items.map((item) => (
            <li key={item.label}>
              <button
                type="button"
                className="menu-item menu-button"
                aria-label={item.label}
                aria-describedby={`${id}-${item.label}`}
                onClick={() => {
                  menu.current?.hidePopover();
                  item.onChoose();
                }}
              >
                <span className="stack">
                  <strong>{item.label}</strong>
                  <span className="small muted" id={`${id}-${item.label}`}>
                    {item.note}
                  </span>
                </span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}
