import { useEffect, useState } from "react";

const PATIENCE_MS = 5_000;

/** Grey bars; after a while, the words for what is being waited for. */
export function Loading({ what, rows = 4 }: { what: string; rows?: number }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="loading" role="status">
      <span className={slow ? "loading-words" : "hidden"}>
        {slow ? `Still waiting for ${what}.` : `Loading ${what}`}
      </span>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} className="skeleton" />
      ))}
    </div>
  );
}
