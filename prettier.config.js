/** @type {import("prettier").Config} */
export default {
  printWidth: 100,
  overrides: [
    {
      // The plugin teaches the TypeScript parser decorators on functions, which only AssemblyScript has.
      files: ["assembly/**/*.ts", "bench/limit/limit.ts"],
      options: { plugins: ["./scripts/prettierAssembly.js"] },
    },
  ],
};
