/** Whether the page holds something that somebody typed and did not send yet. */

const typed = new Set<Element>();

/** Call once: from then on the fields that are typed into are known. */
export function watchTyping(root: Document): void {
  root.addEventListener("input", (event) => {
    if (event.target instanceof Element) typed.add(event.target);
  });
}

/** A field of a search is no loss: its words stand in the address. One that left the page was sent or given up. */
export function isUnsaved(): boolean {
  for (const field of typed) {
    if (!field.isConnected) typed.delete(field);
    else if (holdsWork(field)) return true;
  }
  return false;
}

function holdsWork(field: Element): boolean {
  if (field instanceof HTMLTextAreaElement) return field.value !== "";
  if (!(field instanceof HTMLInputElement) || field.type === "search") return false;
  return field.closest("form") !== null && field.value !== "";
}
