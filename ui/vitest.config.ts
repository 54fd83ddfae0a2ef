import { defineConfig } from "vitest/config";

// Apart from vite.config.ts, so that a build does not load the test runner.
export default defineConfig({
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
