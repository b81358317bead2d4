import { writeFileSync } from "node:fs";
import { CELLS } from "./cells.ts";
import type { Cell } from "./cells.ts";
import { coreSha256, describeMachine } from "./environment.ts";
import { consumedResults, FULL, measureCell, QUICK } from "./harness.ts";
import type { Settings } from "./harness.ts";
import { HELP, parseOptions, STRATEGIES, UsageError } from "./options.ts";
import type { Options } from "./options.ts";
import type { Peer } from "./peer.ts";
import { createPeers } from "./peers/index.ts";
import { createLimitPeer } from "./peers/limit.ts";
import { EXPLANATION, formatStrategies, measureStrategies } from "./strategies.ts";
import type { StrategyRow } from "./strategies.ts";
import { formatNotes, formatTable } from "./table.ts";
import type { MeasuredCell } from "./table.ts";

const SCHEMA_VERSION = 1;
const EXIT_USAGE = 2;

/** What the peers have to say about a cell, by their names. */
function notesOn({ id }: Cell, peers: readonly Peer[]): ReadonlyMap<string, string> {
  return new Map(
    peers.flatMap(({ name, notes }) => {
      const note = notes?.get(id);
      return note === undefined ? [] : [[name, note]];
    }),
  );
}

async function measureAll(
  cells: readonly Cell[],
  limit: Peer,
  peers: readonly Peer[],
  settings: Settings,
): Promise<MeasuredCell[]> {
  const measured: MeasuredCell[] = [];
  for (const cell of cells) {
    process.stderr.write(`${cell.work} ${cell.variant}: ${cell.title}\n`);
    const results = await measureCell(cell.id, limit, peers, settings);
    measured.push({ cell, results, notes: notesOn(cell, [limit, ...peers]) });
  }
  return measured;
}

function toRows(cells: readonly MeasuredCell[]) {
  return cells.flatMap(({ cell: { work, variant }, results, notes }) =>
    results.map(({ peer, nsPerOp, ratio, samples, rejected }) => ({
      work,
      variant,
      peer,
      nsPerOp: nsPerOp.median,
      spread: [nsPerOp.lower, nsPerOp.upper],
      ratio: ratio?.median ?? null,
      ratioSpread: ratio === undefined ? null : [ratio.lower, ratio.upper],
      samples,
      rejected,
      note: notes.get(peer) ?? null,
    })),
  );
}

function toStrategyRows(rows: readonly StrategyRow[]) {
  return rows.map(({ arch, strategy, result, instructions, modelledCycles }) => ({
    work: "strategies",
    variant: `${arch} ${strategy}`,
    peer: result.peer,
    nsPerOp: result.nsPerOp.median,
    spread: [result.nsPerOp.lower, result.nsPerOp.upper],
    ratio: result.ratio?.median ?? null,
    modelledInstructions: instructions,
    modelledCycles,
  }));
}

/** What was measured. */
interface Measured {
  readonly cells: readonly MeasuredCell[];
  readonly strategies: readonly StrategyRow[];
}

function writeJson(file: string, { cells, strategies }: Measured, peers: readonly Peer[]): void {
  const core = peers.find((peer) => peer.core !== undefined)?.core;
  const report = {
    schemaVersion: SCHEMA_VERSION,
    machine: describeMachine(),
    node: process.version,
    coreSha256: core === undefined ? null : coreSha256(core),
    coreBytes: core?.length ?? null,
    peers: peers.map(({ name, about }) => ({ name, about })),
    resultDigest: consumedResults(),
    rows: [...toRows(cells), ...toStrategyRows(strategies)],
  };
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
}

function printReport({ cells, strategies }: Measured, peers: readonly Peer[]): void {
  const { cpu, cores } = describeMachine();
  const lines = [
    `Medians for one operation, in brackets the ratio to the limit in the same run; [stretch].`,
    `${cpu}, ${cores} cores, Node ${process.version}`,
    "",
    ...(cells.length === 0 ? [] : [formatTable(cells), "", ...formatNotes(cells)]),
    ...(strategies.length === 0 ? [] : [formatStrategies(strategies), "", EXPLANATION, ""]),
    ...peers.map(({ name, about }) => `${name}: ${about}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function run(options: Options): Promise<void> {
  const limit = await createLimitPeer();
  const peers = await createPeers(limit, options.peers);
  const cells = CELLS.filter(({ work }) => options.works.has(work));
  const settings = options.quick ? QUICK : FULL;
  const measured: Measured = {
    cells: await measureAll(cells, limit, peers, settings),
    strategies: options.works.has(STRATEGIES) ? await measureStrategies(limit, settings) : [],
  };
  for (const peer of peers) await peer.close?.();
  printReport(measured, [limit, ...peers]);
  if (options.json !== undefined) writeJson(options.json, measured, [limit, ...peers]);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
