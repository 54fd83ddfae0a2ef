const SIGNIFICANT = 4;

/** USD with at most four significant digits: "$0", "$0.0015", "$12.35", "$570", "$12.35K"; null is an unknown price. */
export function money(amount: string | null | undefined): string {
  if (amount === null || amount === undefined || amount.trim() === "") return "no price set";
  const value = Number(amount);
  if (!Number.isFinite(value)) return amount;
  if (value === 0) return "$0";
  const rounded = Number(value.toPrecision(SIGNIFICANT));
  const size = Math.abs(rounded);
  if (size >= 10_000) {
    return format(rounded, { notation: "compact", maximumSignificantDigits: SIGNIFICANT });
  }
  // Nobody reads the cents of hundreds; below a cent every digit that is significant counts.
  if (size >= 100 || Number.isInteger(rounded)) return format(rounded, { maximumFractionDigits: 0 });
  return format(rounded, { minimumFractionDigits: 2, maximumFractionDigits: size >= 1 ? 2 : 20 });
}

/** The amount as the server keeps it, for a title. */
export function exactMoney(amount: string | null): string | undefined {
  return amount === null || Number(amount) === 0 ? undefined : `$${amount}`;
}

function format(value: number, options: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", ...options }).format(value);
}
