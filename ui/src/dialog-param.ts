import { useSearchParams } from "wouter";

/** A dialog whose being open is part of the address (`?new=key`), beside the table's filter and order. */
export function useDialogParam(value: string): [boolean, (open: boolean) => void] {
  const [params, setParams] = useSearchParams();
  const setOpen = (open: boolean) =>
    setParams(
      (previous) => {
        const next = new URLSearchParams(previous);
        if (open) next.set("new", value);
        else next.delete("new");
        return next;
      },
      { replace: true },
    );
  return [params.get("new") === value, setOpen];
}
