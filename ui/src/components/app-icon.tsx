import { useState } from "react";

interface Props {
  of: { name: string; meta_icon: string | null };
}

/** An application's icon, or its first letter where there is none that this page can show. */
export function AppIcon({ of }: Props) {
  const [failed, setFailed] = useState<string | null>(null);
  const icon = of.meta_icon;
  if (icon === null || icon === failed || !/^(https?:\/\/|\/|data:image\/)/.test(icon)) {
    return (
      <span className="app-icon" aria-hidden="true">
        {[...of.name][0]?.toUpperCase()}
      </span>
    );
  }
  return (
    <img
      className="app-icon app-image"
      src={icon}
      alt=""
      referrerPolicy="no-referrer"
      onError={() => setFailed(icon)}
    />
  );
}
