import { test } from "vitest";
import type { RemotePath } from "../../../src/index.ts";
import { expectNoticed, type BrokenRule } from "../brokenRules.ts";
import { remoteRecordings, type RemoteKind } from "./recordings.ts";

/** One rule of the core broken at a time: recorded cases fail, in the field where it shows. */

const brokenRules: readonly BrokenRule<RemoteKind>[] = [
  {
    rule: "a read fault on a file maps a window that starts no earlier than the area",
    mutation: { file: "mm/faultAround.ts", find: "slot - before);", replace: "0);" },
    kind: "self",
    field: "pages_after",
  },
  {
    rule: "a program can read what it may only write or execute",
    mutation: {
      file: "mm/fault.ts",
      find: "? VM_WRITE : VM_ACCESS",
      replace: "? VM_WRITE : VM_ACCESS & ~VM_WRITE",
    },
    kind: "self",
    field: "ret",
  },
  {
    rule: "a string is loaded by whole words",
    mutation: { file: "uaccess/string.ts", find: "if (target != 0) loadLastWord", replace: "if (false) loadLastWord" }, // prettier-ignore
    kind: "syscall",
    field: "pages_after",
  },
  {
    rule: "what is unmapped is given back",
    mutation: {
      file: "mm/zap.ts",
      find: "else dropFolio(pfn);",
      replace: "",
    },
    kind: "syscall",
    field: "balance",
  },
  {
    rule: "a page shared after a fork is first made the task's own, to be read for long",
    mutation: { file: "remote/gup.ts", find: "return ACCESS_UNSHARE;", replace: "return NOTHING_MISSING;" }, // prettier-ignore
    kind: "cow",
    field: "pages_after",
  },
  {
    rule: "arguments are read from anonymous memory only",
    mutation: {
      file: "remote/rights.ts",
      find: "(foll & FOLL_ANON) != 0 && ",
      replace: "false && ",
    },
    kind: "cmdline",
    field: "ret",
  },
  {
    rule: "force writes where the program itself may not, as long as the write stays private",
    mutation: { file: "remote/rights.ts", find: "isCowMapping(vma.flags) ?", replace: "false ?" },
    kind: "perm",
    field: "ret",
  },
  {
    rule: "pages that were pinned before a bad one count",
    mutation: { file: "remote/gup.ts", find: "taken == 0 ? page : taken", replace: "page" },
    kind: "iov",
    field: "ret",
  },
];

test.each(brokenRules)("$rule", (rule) => expectNoticed(remoteRecordings, rule));

/** The fast paths' own rules. */
const brokenPaths: readonly (BrokenRule<RemoteKind> & { readonly remotePath: RemotePath })[] = [
  {
    rule: "version 1 loses what it copied before a hole",
    remotePath: "fast-v1",
    mutation: { file: "remote/fastV1.ts", find: "if (rest == -EFAULT) return 0;", replace: "" },
    kind: "border",
    field: "ret",
  },
  {
    rule: "version 2 asks for all that get_user_pages asks for",
    remotePath: "fast-v2",
    mutation: {
      file: "remote/fastV2.ts",
      find: " && checkVmaFlags(vma, foll) == 0",
      replace: "",
    },
    kind: "cmdline",
    field: "ret",
  },
  {
    rule: "resident memory is read without the mmap lock",
    remotePath: "fast-v2",
    mutation: { file: "remote/fastV2.ts", find: "if (address == 0) return 0;", replace: "return 0;" }, // prettier-ignore
    kind: "basic",
    field: "findings",
  },
  {
    rule: "an area's lock is let go",
    remotePath: "fast-v1",
    mutation: { file: "remote/fastV1.ts", find: "    vmaEndRead(vma);\n", replace: "" },
    kind: "basic",
    field: "balance",
  },
  {
    rule: "a reference is given back",
    remotePath: "fast-v1",
    mutation: { file: "remote/resident.ts", find: "  dropReference(first);\n", replace: "" },
    kind: "basic",
    field: "balance",
  },
];

test.each(brokenPaths)("$remotePath: $rule", ({ remotePath, ...rule }) =>
  expectNoticed(remoteRecordings, rule, { remotePath }),
);
