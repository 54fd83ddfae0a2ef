// Runs before the first paint, so that a dark page never flashes white. src/theme.ts takes over afterwards.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("gatewright.theme");
  } catch {
    // Storage can be switched off; the system's preference still stands.
  }
  const dark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
