import { expect, test } from "vitest";
import {
  LINE_BYTES,
  sampleEraNames,
  sampleEras,
  sampleLayout,
  type SampleEra,
} from "../../src/scenarios/sampleLayouts.ts";
import { coreConstants } from "../../src/core/generated/coreConstants.ts";

/** struct perf_sample_data: figures of the kernel's history, against layouts that are computed from member lists. */

const offsetsOf = (era: SampleEra): Record<string, number> =>
  Object.fromEntries(sampleLayout(era).members.map(({ name, offset }) => [name, offset]));

test("v4.6: 384 bytes on 6 lines, 19 members, as the patch's own message says", () => {
  const layout = sampleLayout("v4.6");
  expect(layout).toMatchObject({ bytes: 384, lines: 6, memberBytes: 328 });
  expect(layout.members).toHaveLength(19);
  expect(offsetsOf("v4.6")).toEqual({
    addr: 0,
    raw: 8,
    br_stack: 16,
    period: 24,
    weight: 32,
    txn: 40,
    data_src: 48,
    type: 56,
    ip: 64,
    tid_entry: 72,
    time: 80,
    id: 88,
    stream_id: 96,
    cpu_entry: 104,
    callchain: 112,
    regs_user: 120,
    regs_user_copy: 136,
    regs_intr: 304,
    stack_user_size: 320,
  });
});

test("v4.6: the user registers straddle lines 1 and 2, the interrupt's stand four lines behind the first", () => {
  const { members } = sampleLayout("v4.6");
  const linesOf = (name: string): unknown => members.find((member) => member.name === name)!.lines;
  expect(linesOf("regs_user")).toEqual([1, 2]);
  expect(linesOf("regs_user_copy")).toEqual([2, 4]);
  expect(linesOf("regs_intr")).toEqual([4, 4]);
  expect(linesOf("stack_user_size")).toEqual([5, 5]);
});

test("without the copy half of it is left: 192 bytes on 3 lines, and three more fields fit", () => {
  expect(sampleLayout("v4.6-without-copy")).toMatchObject({
    bytes: 192,
    lines: 3,
    memberBytes: 160,
  });
  expect(sampleLayout("v5.11")).toMatchObject({ bytes: 192, lines: 3, memberBytes: 184 });
  expect(offsetsOf("v4.6-without-copy")).toMatchObject({
    regs_user: 120,
    regs_intr: 136,
    stack_user_size: 152,
  });
});

test("v7.0: 256 bytes on 4 lines, in the order of use", () => {
  expect(sampleLayout("v7.0")).toMatchObject({ bytes: 256, lines: 4 });
  expect(offsetsOf("v7.0")).toEqual({
    sample_flags: 0,
    period: 8,
    dyn_size: 16,
    type: 24,
    tid_entry: 32,
    time: 40,
    id: 48,
    cpu_entry: 56,
    ip: 64,
    callchain: 72,
    raw: 80,
    br_stack: 88,
    br_stack_cntr: 96,
    weight: 104,
    data_src: 112,
    txn: 120,
    regs_user: 128,
    regs_intr: 144,
    stack_user_size: 160,
    stream_id: 168,
    cgroup: 176,
    addr: 184,
    phys_addr: 192,
    data_page_size: 200,
    code_page_size: 208,
    aux_size: 216,
  });
});

test("the structure that the core's samples are made in is that of v7.0", () => {
  expect(sampleLayout("v7.0").bytes).toBe(coreConstants.PERF_SAMPLE_BYTES);
});

test("a flag exhausts the first line, and pushes the type to the second", () => {
  const { members, init, bytes } = sampleLayout("v4.6-flags");
  const onFirst = members.filter(({ lines }) => lines[1] === 0);
  expect(onFirst.reduce((sum, member) => sum + member.bytes, 0)).toBe(LINE_BYTES);
  expect(onFirst).toEqual(init);
  expect(offsetsOf("v4.6-flags")["type"]).toBe(LINE_BYTES);
  expect(bytes).toBe(384);
});

test.each<[SampleEra, readonly number[]]>([
  ["v4.6", [0]],
  ["v4.6-flags", [0]],
  ["v5.5", [0, 5]],
  ["v5.11", [0]],
  ["v7.0", [0]],
])("what init writes in %s stands on lines %j", (era, lines) => {
  expect([...new Set(sampleLayout(era).init.flatMap((member) => member.lines))]).toEqual(lines);
});

test("every init list names members, and offsets are whole words in their order", () => {
  for (const era of sampleEraNames) {
    const { members, init } = sampleLayout(era);
    expect(init).toHaveLength(sampleEras.find(({ name }) => name === era)!.init.length);
    members.reduce((end, { offset, bytes }) => {
      expect(offset).toBeGreaterThanOrEqual(end);
      expect(offset % 8).toBe(0);
      return offset + bytes;
    }, 0);
  }
});
