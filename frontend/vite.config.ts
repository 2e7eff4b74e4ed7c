import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    target: "es2022",
    outDir: process.env.OVEIT_OUT ?? "../custom_components/oveit/frontend",
    emptyOutDir: false,
    copyPublicDir: false,
    rolldownOptions: { output: { minify: true } },
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "oveit.js" },
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
