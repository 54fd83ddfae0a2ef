import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const FIRST_LOAD_LIMIT = 150 * 1024;

/** Fails the build when scripts and styles together outgrow what a first load may cost. */
function budget(): Plugin {
  return {
    name: "gatewright-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      let total = 0;
      for (const file of Object.values(bundle)) {
        if (!/\.(js|css)$/.test(file.fileName)) continue;
        total += gzipSync(file.type === "chunk" ? file.code : file.source).length;
      }
      if (total > FIRST_LOAD_LIMIT) {
        this.error(`the first load is ${total} bytes gzipped; the limit is ${FIRST_LOAD_LIMIT}`);
      }
    },
  };
}

export default defineConfig({
  base: "/ui/",
  plugins: [react(), budget()],
  build: {
    // A data: or inline asset would need a wider Content-Security-Policy than the server sends.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
