import { useId, useRef } from "react";
import { setTheme, type ThemeChoice, useTheme } from "../theme";
import { Icon, type IconName } from "./icons";

export const THEMES: readonly { choice: ThemeChoice; label: string; icon: IconName }[] = [
  { choice: "light", label: "Light", icon: "sun" },
  { choice: "dark", label: "Dark", icon: "moon" },
  { choice: "system", label: "As the system", icon: "screen" },
];

export function ThemeMenu() {
  const theme = useTheme();
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const current = THEMES.find((each) => each.choice === theme) ?? THEMES[2];
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
        className="button button-icon"
        popoverTarget={id}
        aria-label={`Theme: ${current?.label.toLowerCase()}`}
        title="Theme"
        onClick={place}
      >
        <Icon name={current?.icon ?? "screen"} />
      </button>
      <div ref={menu} id={id} popover="auto" className="menu">
        <fieldset className="fieldset">
          <legend className="menu-title">Theme</legend>
          {THEMES.map((each) => (
            <label key={each.choice} className="menu-item">
              <input
                type="radio"
                name={`${id}-theme`}
                checked={each.choice === theme}
                onChange={() => setTheme(each.choice)}
              />
              <Icon name={each.icon} />
              {each.label}
            </label>
          ))}
        </fieldset>
      </div>
    </>
  );
}
