import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, not the largest ones: one that began last would keep one core busy on its own. */
const LONG = /\/test\/(conformance\/\w+\/(golden|broken)|index|docs\/|browser\/)/;

/** On a fresh clone nobody knows yet how long a file takes; the size says little. */
class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // by default one core stays free, of two that is half of the time
    maxWorkers: "100%",
    sequence: { sequencer: LongFilesFirst },
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source", "node"] } },
});
