import { defineConfig } from "vitest/config";

// A DOM for each file costs more than all the tests: those that need one say so in their first line,
// `// @vitest-environment jsdom`. Files share what they import: to load React for each takes two
// thirds of the time.
export default defineConfig({
  test: { environment: "node", isolate: false, include: ["src/**/*.test.{ts,tsx}"] },
});
