import { defineConfig } from "vitest/config";

// Home Assistant puts another element registry in place while it starts; whatever was defined before is lost to it.
const banner = 'customElements.whenDefined("home-assistant").then(() => {';
const footer = "});";

export default defineConfig({
  build: {
    target: "es2022",
    outDir: process.env.OVEIT_OUT ?? "../custom_components/oveit/frontend",
    emptyOutDir: false,
    copyPublicDir: false,
    rolldownOptions: { output: { minify: true, postBanner: banner, postFooter: footer } },
    lib: { entry: "src/index.ts", formats: ["iife"], name: "oveit", fileName: () => "oveit.js" },
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
