/** Bundling for browsers, the way a user of the package would: no externals, no help for Node's builtins. */

import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Metafile } from "esbuild";

/** The project's folder. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Bundle {
  readonly code: string;
  readonly bytes: number;
  /** The files that went in, relative to the project's folder. */
  readonly inputs: readonly string[];
  /** What the bundle still imports when it runs. */
  readonly imports: readonly string[];
  readonly warnings: readonly string[];
}

/** `conditions: ["source"]` takes the sources where the package would take what was built. */
export type BundleOptions = Pick<BuildOptions, "entryPoints" | "stdin" | "conditions" | "minify">;

/** @throws what esbuild reports, for instance a builtin of Node that can be reached */
export async function bundleForBrowser(options: BundleOptions): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    ...options,
    absWorkingDir: root,
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const [output] = outputFiles;
  return {
    code: output!.text,
    bytes: output!.contents.byteLength,
    inputs: Object.keys(metafile.inputs),
    imports: importsOf(metafile),
    warnings: warnings.map(({ text }) => text),
  };
}

function importsOf(metafile: Metafile): string[] {
  return Object.values(metafile.outputs).flatMap((output) =>
    output.imports.map(({ path }) => path),
  );
}
