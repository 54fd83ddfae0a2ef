/** The path that the gateway is found below (`/llm`), empty at the root: the server writes it into the page. */
export const ROOT = document.querySelector<HTMLMetaElement>('meta[name="gatewright-root"]')?.content ?? "";

/** An address of the gateway (`/ui/`) as the browser must ask for it; whole URLs stay as they are. */
export const at = (address: string): string =>
  address.startsWith("/") && !address.startsWith("//") ? ROOT + address : address;
