import { configDefaults, defineConfig } from "vitest/config";
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

/**
 * Tests that do nothing but call the library, which keeps nothing outside of its machines: they load it once for all.
 * Most of them take less time than a process of their own would need to begin.
 */
const callers =
  "test/{base,core,inspector,layouts,machine,measure,report,structs,systems,uaccess}/**/*.test.ts";

export default defineConfig({
  test: {
    // by default one core stays free, of two that is half of the time
    maxWorkers: "100%",
    sequence: { sequencer: LongFilesFirst },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      { extends: true, test: { name: "callers", include: [callers], isolate: false } },
      {
        extends: true,
        test: {
          name: "others",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, callers],
        },
      },
    ],
  },
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source", "node"] } },
});
