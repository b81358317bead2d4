import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import { floors } from "./scripts/lint/floors.js";

/** Floors of the two houses, and of a room that has rooms of its own, lowest first; ARCHITECTURE.md says what each holds. */
const HOUSES = {
  assembly: [
    ["base"],
    ["machine"],
    ["study"],
    ["arch"],
    ["mm"],
    ["uaccess"],
    ["futex", "pcm", "perf", "remote", "structs"],
    ["umcg", "virtio"],
    ["api"],
    ["."],
  ],
  src: [
    ["base"],
    ["core"],
    ["machine", "uaccess"],
    ["layouts", "inspector"],
    ["systems", "threads"],
    ["structs"],
    ["measure"],
    ["scenarios"],
    ["conformance"],
    ["report"],
    ["."],
    ["cli"],
  ],
  "src/conformance": [["base"], ["futex", "pcm", "perf", "remote"], ["virtio"], ["."]],
};

/** TypeScript's grammar, but decorators stand on functions and constants too. */
const ASSEMBLYSCRIPT = ["assembly/**/*.ts", "bench/limit/{limit,exchange}.ts"];
const COMMAND = ["src/cli/**/*.ts"];
/** Library files that only Node reads; everything else in src also runs in a browser. */
const NODE_ONLY = [...COMMAND, "src/conformance/files.ts", "src/core/locateWasmNode.ts"];

const FILE_LINES = { max: 450, skipBlankLines: true, skipComments: true };
/** A switch counts once, however many cases it has: a table of cases is not hard to follow. */
const COMPLEXITY = { max: 15, variant: "modified" };

const UNUSED = { argsIgnorePattern: "^_", caughtErrors: "none" };

const everywhere = {
  "faultline/floors": ["error", HOUSES],
  "@typescript-eslint/no-unused-vars": ["error", UNUSED],
  "no-duplicate-imports": ["error", { allowSeparateTypeImports: true }],
  "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx"], location: "anywhere" }],
  "max-lines": ["error", FILE_LINES],
  complexity: ["error", COMPLEXITY],
  curly: ["error", "multi-line"],
  "no-var": "error",
  "prefer-const": "error",
  "no-self-compare": "error",
  "no-unreachable": "error",
  "no-fallthrough": "error",
  "no-duplicate-case": "error",
  "no-useless-return": "error",
};

export default defineConfig(
  { ignores: ["build/", "coverage/", "dist/", "dist-bench/", "src/core/generated/", "wasm/"] },
  {
    plugins: { "@typescript-eslint": tseslint.plugin, faultline: { rules: { floors } } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
  {
    files: ["{src,test,bench,scripts}/**/*.{ts,js,mjs}", "*.{ts,js,mjs}"],
    ignores: ASSEMBLYSCRIPT,
    extends: [tseslint.configs.recommended],
    rules: {
      ...everywhere,
      eqeqeq: "error",
      "object-shorthand": "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: COMMAND,
    rules: { "no-console": "error" },
  },
  {
    files: ["src/**/*.ts"],
    ignores: NODE_ONLY,
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ regex: "^node:", message: "The library also runs in a browser." }] },
      ],
    },
  },
  {
    // Data: a figure a line, each with its source.
    files: ["src/measure/cost/figures.ts"],
    rules: { "max-lines": "off" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "MemberExpression[object.name=/^(describe|it|test)$/]" +
            "[property.name=/^(only|skip|skipIf|runIf|todo)$/]",
          message: "Every test runs, always.",
        },
      ],
      // A reference model that states the rules one by one is long, not hard.
      complexity: "off",
    },
  },
  {
    files: ASSEMBLYSCRIPT,
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { allowInvalidAST: true, warnOnUnsupportedTypeScriptVersion: false },
    },
    rules: everywhere,
  },
  {
    // Nine accesses written out one after the other, because a call costs as much as an access.
    files: ["assembly/pcm/syncCompat.ts"],
    rules: { complexity: "off" },
  },
);
