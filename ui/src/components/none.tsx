/** Stands where there is no value. */
export const None = ({ words = "none" }: { words?: string }) => <span className="muted">{words}</span>;
