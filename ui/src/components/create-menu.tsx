import { useId } from "react";
import { Icon } from "./icons";
import { usePopover } from "./popover";

interface Props {
  items: readonly { label: string; note: string; onChoose: () => void }[];
}

/** "Create" and what there is to create. */
export function CreateMenu({ items }: Props) {
  const id = useId();
  const { button, menu, place } = usePopover();
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
