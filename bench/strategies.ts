import { readFileSync } from "node:fs";
import { join } from "node:path";
import { archNames, Machine, threadFigures } from "../src/index.ts";
import type { ArchName } from "../src/index.ts";
import { modelledCost } from "../src/scenarios/compareSyncPtr.ts";
import { prepareSyncPtr } from "../src/scenarios/syncPtr.ts";
import type { CellId } from "./cells.ts";
import { measureCell } from "./harness.ts";
import type { Result, Settings } from "./harness.ts";
import type { Peer, Work } from "./peer.ts";
import { createStructBed } from "./peers/faultlineBed.ts";
import { projectRoot } from "./root.ts";
import { align, formatTime } from "./table.ts";

// The three strategies of SYNC_PTR on every architecture profile: the real time of our write side in
// the compat layout beside what the model says of the hardware, and what was measured on hardware.

/** Each strategy with the limit's cell that makes the same stores. */
const STRATEGIES = [
  { name: "per-field", constant: "STRATEGY_PER_FIELD", limit: "W1.a" },
  { name: "copy", constant: "STRATEGY_COPY", limit: "W1.c" },
  { name: "unsafe-block", constant: "STRATEGY_BLOCK", limit: "W1.b" },
] as const;

type Strategy = (typeof STRATEGIES)[number];

/** One strategy on one architecture: the write side alone. */
export interface StrategyRow {
  readonly arch: ArchName;
  readonly strategy: Strategy["name"];
  readonly result: Result;
  readonly instructions: number | null;
  readonly modelledCycles: number | null;
}

/** Cycles of the write side on x86-64 hardware (Zen 4), the block being 1: per field, copy, block. */
const X86_HARDWARE = [8.9, 2.5, 1] as const;

export const EXPLANATION = [
  "Where the real time differs, and why: opening or closing the guard is a plain store here, so that a",
  "whole put takes little more than a nanosecond; on hardware it drains the pipeline (stac and clac, mtspr",
  "with isync) and is most of a put. So a block gains less here. A copy costs the same on every profile here,",
  "most of it the wait for the words just put together to be read back as vectors; on hardware it is a",
  "routine, and a long one on 8xx and RISC-V. Profiles whose guard never closes (arm64-pan, none) store the",
  "same pair of ports all the same, so that the model sees them cheaper and the host does not.",
].join("\n");

function cellOf(arch: ArchName, strategy: Strategy): CellId {
  return `${arch}.${strategy.name}`;
}

/** The limit under the names of the cells here. */
function limitFor(limit: Peer, arch: ArchName): Peer {
  const works = STRATEGIES.flatMap((strategy): [CellId, Work][] => {
    const work = limit.works.get(strategy.limit);
    return work === undefined ? [] : [[cellOf(arch, strategy), work]];
  });
  return { ...limit, works: new Map(works) };
}

async function peerFor(arch: ArchName): Promise<Peer> {
  const { machine, cpu, structs } = await createStructBed(arch);
  const works = STRATEGIES.map((strategy): [CellId, Work] => {
    const number = machine.constant(strategy.constant);
    const run = (n: number) =>
      machine.exports.measureSyncPtrWrite(cpu, structs.lo, structs.hi, number, n);
    return [cellOf(arch, strategy), { kind: "loop", run }];
  });
  return { name: "faultline", about: arch, works: new Map(works) };
}

async function measureArch(
  arch: ArchName,
  limit: Peer,
  study: Machine,
  settings: Settings,
): Promise<StrategyRow[]> {
  const floor = limitFor(limit, arch);
  const peer = await peerFor(arch);
  const rows: StrategyRow[] = [];
  for (const strategy of STRATEGIES) {
    const results = await measureCell(cellOf(arch, strategy), floor, [peer], settings);
    const bed = prepareSyncPtr(study.reset({ arch }), "compat");
    const { write } = modelledCost(bed, "compat", strategy.name).call;
    const { instructions, modelledCycles } = write;
    const result = results.find(({ peer: name }) => name === peer.name);
    if (result !== undefined) {
      rows.push({ arch, strategy: strategy.name, result, instructions, modelledCycles });
    }
  }
  return rows;
}

/** Measures and models all profiles; the counts come from the study build, the times from release. */
export async function measureStrategies(limit: Peer, settings: Settings): Promise<StrategyRow[]> {
  const wasm = readFileSync(join(projectRoot(), "wasm", "study.wasm"));
  const study = await Machine.create({ build: "study", memory: "1M", wasm });
  const rows: StrategyRow[] = [];
  for (const arch of archNames) rows.push(...(await measureArch(arch, limit, study, settings)));
  return rows;
}

function relative(figures: readonly (number | null)[]): string {
  const block = figures.at(-1);
  if (block === undefined || block === null || figures.includes(null)) return "–";
  return figures.map((figure) => (figure! / block).toFixed(1)).join(" : ");
}

function hardware(arch: ArchName): string {
  if (arch === "x86-64") return X86_HARDWARE.join(" : ");
  if (arch !== "powerpc-8xx") return "";
  const { perField, copy, block } = threadFigures.samplesPercent;
  const share = threadFigures.writeSharePercent;
  return `${relative([perField, copy, block])} of the ioctl, write side ${share.perField} % -> ${share.block} % of it`;
}

function tableRow(arch: ArchName, rows: readonly StrategyRow[]): string[] {
  const ns = rows.map(({ result }) => result.nsPerOp.median);
  return [
    arch,
    ns.map(formatTime).join(" / "),
    relative(ns),
    rows.map(({ instructions }) => instructions ?? "–").join(" / "),
    relative(rows.map(({ instructions }) => instructions)),
    relative(rows.map(({ modelledCycles }) => modelledCycles)),
    hardware(arch),
  ];
}

/** One line an architecture; each column has per field, copy and block, or what they are to the block. */
export function formatStrategies(rows: readonly StrategyRow[]): string {
  const heads = [
    "real time",
    "to the block",
    "instructions",
    "to the block",
    "cycles to the block",
  ];
  const lines = archNames.map((arch) =>
    tableRow(
      arch,
      rows.filter((row) => row.arch === arch),
    ),
  );
  return align([["SYNC_PTR write side", ...heads, "hardware"], ...lines]);
}
