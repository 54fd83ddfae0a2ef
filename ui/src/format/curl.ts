export const KEY_PLACEHOLDER = "YOUR_KEY";

/** A chat completion that can be pasted into a shell. */
export function curl(baseUrl: string, model: string, key: string): string {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] });
  return [
    `curl ${chatUrl(baseUrl)} \\`,
    `  -H ${quoted(`Authorization: Bearer ${key}`)} \\`,
    `  -H ${quoted("Content-Type: application/json")} \\`,
    `  -d ${quoted(body)}`,
  ].join("\n");
}

function chatUrl(baseUrl: string): string {
  const root = baseUrl.replace(/\/+$/, "").replace(/\/v1$/, "");
  return `${root}/v1/chat/completions`;
}

/** Single quotes keep everything in a POSIX shell but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
