import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // by default one core stays free, of two that is half of the time
    maxWorkers: "100%",
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source", "node"] } },
});
