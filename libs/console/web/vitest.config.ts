import { defineConfig } from "vitest/config";

// A DOM for each file costs more than all the tests: those that need one say so in their first line,
// `// @vitest-environment jsdom`.
export default defineConfig({
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
