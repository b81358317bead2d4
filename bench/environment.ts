import { createHash } from "node:crypto";
import { cpus, release, totalmem, type } from "node:os";

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cores: all.length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
  };
}

/** The SHA-256 of a core, in hexadecimal: which build the figures belong to. */
export function coreSha256(core: Uint8Array): string {
  return createHash("sha256").update(core).digest("hex");
}
