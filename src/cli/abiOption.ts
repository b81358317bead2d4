import { UsageError } from "../base/errors.ts";
import type { ArchName } from "../machine/arch.ts";
import { abiExistsOn, abiNames, type AbiName } from "../systems/pcm/abi.ts";
import { note } from "./output.ts";

/** The ABIs that exist on at least one of the architectures. */
export function abisOn(archs: readonly ArchName[]): readonly AbiName[] {
  return abiNames.filter((abi) => archs.some((arch) => abiExistsOn(abi, arch)));
}

/**
 * The ABIs asked for that have a row on the architectures asked for; one without is said on stderr.
 * @throws UsageError when none has
 */
export function checkedAbis(
  abis: readonly AbiName[],
  archs: readonly ArchName[],
): readonly AbiName[] {
  const existing = abisOn(archs);
  const missing = abis.filter((abi) => !existing.includes(abi));
  const where = archs.join(", ");
  if (missing.length === abis.length) {
    const problem = `${missing.join(", ")} does not exist on ${where}`;
    throw new UsageError({ argument: "--abi", problem, valid: existing.join(", ") });
  }
  for (const abi of missing) note(`--abi ${abi} does not exist on ${where}: no row for it`);
  return existing.filter((abi) => abis.includes(abi));
}
