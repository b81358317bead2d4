import { describe, expect, test } from "vitest";
import fc from "../support/properties.ts";
import { UsageError } from "../../src/base/errors.ts";
import {
  checkDiscipline,
  type DisciplineOptions,
  type GuardState,
  type Operation,
  parseProgram,
  type Program,
  type RuleId,
} from "../../src/uaccess/discipline/index.ts";

/** An ordinary function, with one callee that may run while the guard is open. */
const ORDINARY: DisciplineOptions = { function: { name: "f" }, allowList: ["raw_copy"] };
/** A function that is itself on the allow list. */
const SAFE: DisciplineOptions = { function: { name: "raw_copy" }, allowList: ["raw_copy"] };
/** Entry code, which is no function. */
const ENTRY: DisciplineOptions = {};

/** `R1@3` for each finding: the rule and the operation's index. */
function summary(program: Program, options: DisciplineOptions): string[] {
  return checkDiscipline(program, options).map(({ rule, index }) => `${rule}@${index}`);
}

/** A one-line program: entries separated by `;`. */
function oneLine(text: string): Program {
  return parseProgram(text.replaceAll(";", "\n"));
}

describe("programs that keep the discipline", () => {
  test.each<[string, string, DisciplineOptions]>([
    ["nothing but a return", "return", ORDINARY],
    ["a block with calls around it", "call prepare; open; close; call finish; return", ORDINARY],
    ["an allow-listed callee inside the block", "open; call raw_copy; close; return", ORDINARY],
    [
      "a block whose stores fault to a label that closes",
      "branch no_range; open; branch fault; branch fault; close; return;" +
        "fault:; close; no_range:; return",
      ORDINARY,
    ],
    ["blocks one after the other", "open; close; open; close; return", ORDINARY],
    ["a loop around a block", "again:; open; close; branch again; return", ORDINARY],
    ["a loop inside a block", "open; again:; branch again; close; return", ORDINARY],
    [
      "save, close, call, restore inside a block",
      "open; save; close; call handler; restore; close; return",
      ORDINARY,
    ],
    [
      "save and restore nested twice",
      "open; save; close; save; call handler; restore; call handler; restore; close; return",
      ORDINARY,
    ],
    ["a safe function that leaves the guard alone", "call raw_copy; return", SAFE],
    ["a safe function that saves before it closes", "save; close; call f; restore; return", SAFE],
    ["a downward copy", "call prepare; std; cld; return", ORDINARY],
    ["entry code that closes and clears, whatever was", "close; cld; call handler; return", ENTRY],
    ["a loop without a way out", "again:; jump again", ORDINARY],
  ])("%s", (_, text, options) => {
    expect(checkDiscipline(oneLine(text), options)).toEqual([]);
  });
});

describe("one broken program a rule", () => {
  test.each<[RuleId, string, string, DisciplineOptions, string[]]>([
    ["R1", "a call inside the block", "open; call kmalloc; close; return", ORDINARY, ["R1@1"]],
    ["R1", "the same in a safe function", "call kmalloc; return", SAFE, ["R1@0"]],
    ["R2", "a return that forgets to close", "open; return", ORDINARY, ["R2@1"]],
    [
      "R2",
      "one of two returns forgets",
      "open; branch out; close; return; out:; return",
      ORDINARY,
      ["R2@5"],
    ],
    ["R3", "a safe function left closed", "save; close; return", SAFE, ["R3@2"]],
    ["R4", "a block inside a block", "open; open; close; close; return", ORDINARY, ["R4@1"]],
    [
      "R4",
      "a loop that opens each time",
      "again:; open; branch again; close; return",
      ORDINARY,
      ["R4@1"],
    ],
    ["R4", "a safe function opens again", "open; return", SAFE, ["R4@0"]],
    ["R5", "closed twice", "open; close; close; return", ORDINARY, ["R5@2"]],
    ["R6", "a safe function closes unsaved", "close; open; return", SAFE, ["R6@0"]],
    ["R6", "the save was restored before", "save; restore; close; open; return", SAFE, ["R6@2"]],
    ["R7", "a call with the flag set", "std; call memmove; cld; return", ORDINARY, ["R7@1"]],
    ["R7", "a return with the flag set", "std; return", ORDINARY, ["R7@1"]],
    ["R8", "set twice", "std; std; cld; return", ORDINARY, ["R8@1"]],
    ["R8", "cleared when clear", "cld; return", ORDINARY, ["R8@0"]],
    ["R8", "set twice in entry code too", "std; std; cld; return", ENTRY, ["R8@1"]],
    [
      "R10",
      "a loop that saves and never restores",
      "again:; save; branch again; return",
      ORDINARY,
      ["R10@1"],
    ],
  ])("%s: %s", (_, _what, text, options, expected) => {
    expect(summary(oneLine(text), options)).toEqual(expected);
  });

  test("R9: where paths meet with the guard open and closed, each is followed on its own", () => {
    const program = oneLine("branch skip; open; skip:; call kmalloc; return");
    // The short path is clean and comes first: a checker that visits each operation once would see nothing.
    expect(checkDiscipline(program, ORDINARY)).toMatchObject([
      { rule: "R1", index: 3, path: [0, 1, 2, 3], state: { open: true } },
    ]);
  });

  test("R9: a path is not hidden by another with the same guard and other saved values", () => {
    const program = oneLine(
      "branch on; save; jump both; on:; open; save; close; both:; restore; return",
    );
    expect(checkDiscipline(program, ORDINARY)).toMatchObject([
      { rule: "R2", index: 9, path: [0, 3, 4, 5, 6, 7, 8, 9] },
    ]);
  });

  test("R10: 31 saves fit, the 32nd does not", () => {
    const nested = (depth: number): Program => [
      ...Array.from({ length: depth }, (): Operation => ({ op: "save" })),
      ...Array.from({ length: depth }, (): Operation => ({ op: "restore" })),
      { op: "return" },
    ];
    expect(summary(nested(31), ORDINARY)).toEqual([]);
    expect(summary(nested(32), ORDINARY)).toEqual(["R10@31"]);
  });
});

describe("findings", () => {
  test("one operation can break two rules at once", () => {
    expect(summary(oneLine("open; std; call memmove; return"), ORDINARY)).toEqual(["R1@2", "R7@2"]);
    expect(summary(oneLine("save; close; std; return"), SAFE)).toEqual(["R3@3", "R7@3"]);
  });

  test("they stand in the order of the program, then of the rules, whichever path was shorter", () => {
    const program = oneLine("branch long; std; jump out; long:; save; save; open; out:; return");
    expect(summary(program, ORDINARY)).toEqual(["R2@8", "R7@8"]);
  });

  test("a rule that many paths break at one place is reported once, for the shortest path", () => {
    const program = oneLine("branch short; save; short:; close; return");
    expect(checkDiscipline(program, ORDINARY)).toMatchObject([{ rule: "R5", path: [0, 2, 3] }]);
  });

  test("a path ends at its first finding, the others go on", () => {
    const program = oneLine("branch other; close; close; return; other:; open; return");
    expect(summary(program, ORDINARY)).toEqual(["R5@1", "R2@6"]);
  });

  test("a finding carries rule, message, place, path and state", () => {
    const program = parseProgram("# a comment\n\nopen\nsave\n  call kmalloc # sleeps\nreturn\n");
    expect(checkDiscipline(program, ORDINARY)).toEqual([
      {
        rule: "R1",
        message: "kmalloc() is called while the guard is open, and it is not on the allow list",
        index: 2,
        line: 5,
        path: [0, 1, 2],
        state: { open: true, directionSet: false, saved: [true] },
      },
    ]);
  });

  test("a program that was not parsed has findings without a line", () => {
    const [finding] = checkDiscipline([{ op: "close" }, { op: "return" }], ORDINARY);
    expect(finding).not.toHaveProperty("line");
  });

  test("uaccessSafe overrides the allow list", () => {
    const checked = { name: "raw_copy", uaccessSafe: false };
    expect(summary(oneLine("open; return"), { ...SAFE, function: checked })).toEqual(["R2@1"]);
  });
});

describe("the sync_ptr series", () => {
  const write = (failedBegin: string): Program =>
    parseProgram(`
        branch ${failedBegin}     # user_write_access_begin refused the range: nothing was opened
        open
        branch fault        # unsafe_put_user of the first field
        branch fault        # ... and of the last
        close
        return
      fault:
        close
      no_access:
        return
    `);

  test("version 2 sends a failed begin to the label that closes", () => {
    expect(checkDiscipline(write("fault"), ORDINARY)).toMatchObject([
      { rule: "R5", index: 7, line: 9, path: [0, 6, 7], state: { open: false } },
    ]);
  });

  test("version 3 gives it a label of its own", () => {
    expect(checkDiscipline(write("no_access"), ORDINARY)).toEqual([]);
  });
});

describe("programs that cannot be walked", () => {
  test.each([
    [
      "return\nopne\nreturn",
      'program line 2: operation "opne" is unknown (did you mean open?); valid: open, close,',
    ],
    ["open 3\nreturn", 'program line 1 has 1 names after "open"; valid: "open" alone'],
    ["call\nreturn", 'program line 1 has 0 names after "call"; valid: "call" and one name'],
    ["branch a b\nreturn", 'program line 1 has 2 names after "branch"'],
    ["call 9p\nreturn", 'program line 1 has the name "9p"; valid: letters, digits'],
    ["two words:\nreturn", 'program line 1 has the name "two words"'],
    ["constructor x\nreturn", 'program line 1: operation "constructor" is unknown'],
    [
      "jump there\nhere:\nreturn",
      'line 1 goes to the label "there", which stands nowhere; valid: here',
    ],
    ["branch there\nreturn", "valid: no target, for the program has no label"],
    ["a:\na:\nreturn", 'line 2 sets the label "a" a second time; valid: each label once'],
    [
      "return\nopen",
      'line 2 is the last and is "open"; valid: a program whose last operation is return or jump',
    ],
    ["# nothing", "program is empty"],
  ])("%j", (text, message) => {
    expect(() => parseProgram(text)).toThrow(UsageError);
    expect(() => parseProgram(text)).toThrow(message);
  });

  test("the error for a list of operations names the index", () => {
    const program: Program = [{ op: "jump", target: "nowhere" }];
    expect(() => checkDiscipline(program)).toThrow('program[0] goes to the label "nowhere"');
  });

  test("an operation that is none is refused, whatever the types said", () => {
    const program = [{ op: "lock" }, { op: "return" }] as unknown as Program;
    expect(() => checkDiscipline(program)).toThrow('program[0]: operation "lock" is unknown');
  });

  test("a program whose saves combine without end is refused, not walked for ever", () => {
    const diamond = (n: number): string =>
      `branch a${n}; save; jump b${n}; a${n}:; open; save; close; b${n}:;`;
    const program = oneLine(Array.from({ length: 24 }, (_, n) => diamond(n)).join("") + "return");
    expect(() => checkDiscipline(program, ORDINARY)).toThrow("so many combinations");
  });
});

describe("against a brute-force enumeration of paths", () => {
  /** Entries with forward branches only, so that every path is finite; `skip` says how far ahead a branch goes. */
  const entry = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("open", "close", "save", "restore") },
    { weight: 3, arbitrary: fc.constantFrom("std", "cld", "return", "call raw_copy", "call f") },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom("branch", "jump"), fc.integer({ min: 1, max: 6 }))
        .map(([word, skip]) => ({ word, skip })),
    },
  );
  const loopFree = fc.array(entry, { maxLength: 12 }).map((entries) => {
    const labelled = entries.flatMap((each, place) => {
      const target = (skip: number): string => `l${Math.min(place + skip, entries.length)}`;
      const line = typeof each === "string" ? each : `${each.word} ${target(each.skip)}`;
      return [`l${place}:`, line];
    });
    return parseProgram([...labelled, `l${entries.length}:`, "return"].join("\n"));
  });
  const context = fc.constantFrom(ORDINARY, SAFE, ENTRY);

  test("the same rules are broken at the same places", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(loopFree, context, (program, options) => {
        const expected = bruteForce(program, options);
        expect(new Set(summary(program, options))).toEqual(expected);
        for (const finding of expected) seen.add(finding.split("@")[0]!);
      }),
      { numRuns: 1500, seed: 7 },
    );
    // The generator must be able to break every rule that a short program can break.
    expect([...seen].sort()).toEqual(["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"]);
  });

  test("each finding's path can be walked and ends at the finding in the state it gives", () => {
    fc.assert(
      fc.property(loopFree, context, (program, options) => {
        for (const { path, index, state } of checkDiscipline(program, options)) {
          expect(path.at(-1)).toBe(index);
          expect(walk(program, path, options)).toEqual(state);
        }
      }),
    );
  });

  test("programs with loops are walked to an end", () => {
    const target = fc.integer({ min: 0, max: 8 }).map((place) => `l${place}`);
    const word = fc.constantFrom("open", "close", "std", "cld", "save", "restore", "call f");
    const line = fc.oneof(
      word,
      target.map((to) => `branch ${to}`),
      target.map((to) => `jump ${to}`),
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 8, maxLength: 8 }), (lines) => {
        const text = [...lines.map((each, place) => `l${place}:\n${each}`), "l8:", "return"];
        const places = checkDiscipline(parseProgram(text.join("\n")), ORDINARY).map(
          ({ rule, index }) => `${rule}@${index}`,
        );
        expect(new Set(places).size).toBe(places.length);
      }),
    );
  });
});

/**
 * The rules once more, as a plain recursion over whole paths without a visited set: the answer to compare with. Each
 * rule is one `if`, in the order of the rules' ids.
 */
function bruteForce(program: Program, options: DisciplineOptions): Set<string> {
  const found = new Set<string>();
  const name = options.function?.name;
  const allowed = [...(options.allowList ?? [])];
  const safe = name !== undefined && allowed.includes(name);
  const visit = (at: number, u: boolean, d: boolean, s: readonly boolean[]): void => {
    const entry = program[at]!;
    const broken: string[] = [];
    if (entry.op === "call" && u && !allowed.includes(entry.callee)) broken.push("R1");
    if (entry.op === "return" && u && !safe) broken.push("R2");
    if (entry.op === "return" && !u && safe) broken.push("R3");
    if (entry.op === "open" && u) broken.push("R4");
    if (entry.op === "close" && !u && name !== undefined) broken.push("R5");
    if (entry.op === "close" && safe && s.length === 0) broken.push("R6");
    if ((entry.op === "call" || entry.op === "return") && d) broken.push("R7");
    if (entry.op === "std" && d) broken.push("R8");
    if (entry.op === "cld" && !d && name !== undefined) broken.push("R8");
    for (const rule of broken) found.add(`${rule}@${at}`);
    if (broken.length > 0 || entry.op === "return") return;
    const after = step(entry, { open: u, directionSet: d, saved: s });
    const go = (to: number): void => visit(to, after.open, after.directionSet, after.saved);
    if (entry.op === "branch" || entry.op === "jump") go(placeOf(program, entry.target));
    if (entry.op !== "jump") go(at + 1);
  };
  visit(0, safe, false, []);
  return found;
}

/** The state at the end of a path, each step of which must be a successor of the one before. */
function walk(program: Program, path: readonly number[], options: DisciplineOptions): GuardState {
  const name = options.function?.name ?? "";
  let state: GuardState = {
    open: [...(options.allowList ?? [])].includes(name),
    directionSet: false,
    saved: [],
  };
  expect(path[0]).toBe(0);
  path.slice(1).forEach((to, position) => {
    const from = path[position]!;
    const entry = program[from]!;
    const targets = entry.op === "jump" ? [] : [from + 1];
    if (entry.op === "jump" || entry.op === "branch") targets.push(placeOf(program, entry.target));
    expect(targets).toContain(to);
    state = step(entry, state);
  });
  return state;
}

function step({ op }: Operation, { open, directionSet, saved }: GuardState): GuardState {
  if (op === "save") return { open, directionSet, saved: [...saved, open] };
  if (op === "restore" && saved.length > 0) {
    return { open: saved[saved.length - 1]!, directionSet, saved: saved.slice(0, -1) };
  }
  return {
    open: op === "open" || (op !== "close" && open),
    directionSet: op === "std" || (op !== "cld" && directionSet),
    saved,
  };
}

function placeOf(program: Program, label: string): number {
  return program.findIndex((entry) => entry.op === "label" && entry.name === label);
}
