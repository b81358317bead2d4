import { describe, expect, test } from "vitest";
import { faultline } from "./command.ts";

/** What is typed, and how the one line begins that answers it. */
const mistakes: readonly (readonly [string, string])[] = [
  ["compair", 'verb "compair" is unknown (did you mean compare?); valid: run, compare, replay'],
  ["help replya", 'verb "replya" is unknown (did you mean replay?)'],
  ["constructor", 'verb "constructor" is unknown; valid: run'],
  ["--jsn", 'option "--jsn" is unknown; valid: --version, --help'],
  ["compare", "compare is missing its <scenario>; valid: sync-ptr"],
  ["run", "run is missing its <scenario>; valid: sync-ptr"],
  ["replay", "replay is missing its <paths>; valid: trace files"],
  ["compare sync_ptr", 'scenario "sync_ptr" is unknown (did you mean sync-ptr?); valid: sync-ptr'],
  ["run sync", 'scenario "sync" is unknown (did you mean sync-ptr?)'],
  ["run help", 'scenario "help" is unknown; valid: sync-ptr'],
  ["run --arch none", "run is missing its <scenario>; valid: sync-ptr"],
  ["run --archs=none", 'option "--archs" is unknown (did you mean --arch?)'],
  [
    "compare --layuot huge",
    'option "--layuot" is unknown (did you mean --layout?); valid: --struct',
  ],
  ["help run sync", 'scenario "sync" is unknown (did you mean sync-ptr?)'],
  ["compare sync-ptr more", "compare sync-ptr got too many arguments: more; valid: [options]"],
  ["compare sync-ptr --jsn", 'option "--jsn" is unknown (did you mean --json?); valid: --arch,'],
  ["run --fault sync-ptr", 'option "--fault" is unknown (did you mean --fault-at?)'],
  ["run sync-ptr --fault", 'option "--fault" is unknown (did you mean --fault-at?)'],
  ["compare sync-ptr --arch", "--arch is missing its <names>; valid: "],
  ["compare sync-ptr --arch 8xx", '--arch "8xx" is unknown (did you mean powerpc-8xx?)'],
  [
    "compare sync-ptr --arch none,arm64",
    '--arch "arm64" is unknown (did you mean arm64-pan or arm64-ttbr0',
  ],
  ["compare sync-ptr --arch=", '--arch "" is unknown; valid: x86-64, powerpc-8xx'],
  ["run sync-ptr --arch all", '--arch "all" is unknown'],
  [
    "compare sync-ptr --abi compt",
    '--abi "compt" is unknown (did you mean compat?); valid: native64',
  ],
  [
    "compare sync-ptr --abi x32 --arch none",
    "--abi x32 does not exist on none; valid: native64, compat, ",
  ],
  [
    "run sync-ptr --abi native64 --arch powerpc-8xx",
    "--abi native64 does not exist on powerpc-8xx; valid: native32, compat\n",
  ],
  ["run sync-ptr --strategy block", '--strategy "block" is unknown (did you mean unsafe-block?)'],
  [
    "compare sync-ptr --strategy perfield",
    '--strategy "perfield" is unknown (did you mean per-field?)',
  ],
  ["run sync-ptr --kernel new", '--kernel "new" holds no version number; valid: 6.1, '],
  ["run sync-ptr --flags 8", '--flags is "8"; valid: a whole number from 0 to 7'],
  ["run sync-ptr --flags 1e0", '--flags is "1e0"; valid: a whole number from 0 to 7'],
  [
    "run pcm-playback --door x32 --arch none",
    "--door x32 does not exist on none; valid: native, i386",
  ],
  ["run pcm-playback --device alop", '--device "alop" is unknown (did you mean aloop?)'],
  ["run pcm-playback --periods 1", '--periods is "1"; valid: a whole number from 2 to 1024'],
  ["run pcm-playback --format s16", '--format "s16" is unknown'],
  ["run pcm-playback --build fast", '--build "fast" is unknown; valid: release, threads, study'],
  ["compare pcm-playback --period 64,0", '--period is "0"; valid: a whole number from 1 to 16384'],
  ["run sync-ptr --fault-at avail", '--fault-at "avail" is unknown (did you mean avail_min?)'],
  ["replay nowhere", "nowhere does not exist; valid: a .jsonl or .jsonl.gz file, or a folder"],
  ["replay src", "src holds no trace files; valid: files that end in .jsonl"],
  [
    "replay test/golden --build relase",
    '--build "relase" is unknown (did you mean release?); valid: release, threads, study, profile',
  ],
  [
    "replay test/golden --switch-every 3",
    "--switch-every means nothing to the release build; valid: with --build study",
  ],
  [
    "replay test/golden --build study --switch-every often",
    '--switch-every is "often"; valid: a whole number from 0',
  ],
  [
    "compare sync-ptr --arch none --arch x86-64",
    "--arch is given twice; valid: once (one or more, with commas, or all: ",
  ],
  ["run sync-ptr --abi compat --abi=compat", "--abi is given twice; valid: once (native64, "],
  ["compare sync-ptr --json --json", "--json is given twice; valid: once ("],
  ["replay test/golden --build release --build study", "--build is given twice; valid: once ("],
];

describe("a mistake on the command line is one line on stderr, nothing on stdout, exit 2", () => {
  test.each(mistakes)("%s", async (line, beginning) => {
    const { status, stdout, stderr } = await faultline(line.split(" "));
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.slice(0, `faultline: ${beginning}`.length)).toBe(`faultline: ${beginning}`);
    expect(stderr.indexOf("\n")).toBe(stderr.length - 1);
  });
});
