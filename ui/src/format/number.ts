const grouped = new Intl.NumberFormat("en-US");
const SCALES = [
  { size: 1e12, unit: "T" },
  { size: 1e9, unit: "B" },
  { size: 1e6, unit: "M" },
] as const;

/** A count: "184,203" in full up to a million, then "1.42 M". */
export function count(value: number): string {
  for (const { size, unit } of SCALES) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))} ${unit}`;
  }
  return grouped.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A share of a whole: "0.4%", "0%" for nothing, "under 0.1%" rather than a zero that is none. */
export function share(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0%";
  const percent = Math.min(100, (part / whole) * 100);
  if (percent < 0.1) return "under 0.1%";
  return `${Number(percent.toPrecision(percent < 10 ? 2 : 3))}%`;
}

/** Round axis values from 0 to at least `max`, `whole` for things that cannot be halved. */
export function axisTicks(max: number, whole: boolean, wanted = 3): number[] {
  if (max <= 0) return [0];
  const rough = max / wanted;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * magnitude >= rough * 0.999) ?? 10;
  const step = whole ? Math.max(1, Math.ceil(factor * magnitude)) : factor * magnitude;
  const ticks: number[] = [];
  for (let index = 0; ticks.length === 0 || (ticks.at(-1) ?? 0) < max; index += 1) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}
