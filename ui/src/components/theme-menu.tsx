import { useId } from "react";
import { setTheme, type ThemeChoice, useTheme } from "../theme";
import { Icon, type IconName } from "./icons";
import { usePopover } from "./popover";

export const THEMES: readonly { choice: ThemeChoice; label: string; icon: IconName }[] = [
  { choice: "light", label: "Light", icon: "sun" },
  { choice: "dark", label: "Dark", icon: "moon" },
  { choice: "system", label: "As the system", icon: "screen" },
];

export function ThemeMenu() {
  const theme = useTheme();
  const id = useId();
  const { button, menu, place } = usePopover();
  const current = THEMES.find((each) => each.choice === theme) ?? THEMES[2];
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
