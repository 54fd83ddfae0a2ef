import { exactMoney, money } from "../format/money";

export function Money({ amount }: { amount: string | null }) {
  return (
    <span className={amount === null ? "muted" : undefined} title={exactMoney(amount)}>
      {money(amount)}
    </span>
  );
}
