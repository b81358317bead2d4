import type { StructDescription } from "../../src/index.ts";

/**
 * SYNC_PTR's argument as compat and x32 programs have it, written as any other structure: two unions of 64 bytes, of
 * which the kernel moves a status of 32 or 56 bytes and a control part of 8. The block copies stand where the compiler
 * of the counted function put them.
 */
export const syncPtrDescription: StructDescription = {
  name: "snd_pcm_sync_ptr32",
  types: {
    timestamp: {
      struct: [
        { name: "sec", type: "time_t" },
        { name: "nsec", type: "time_t" },
      ],
    },
    status: {
      struct: [
        { name: "state", type: "int" },
        { name: "pad", type: "int" },
        { name: "hw_ptr", type: "compat_ulong_t" },
        { name: "tstamp", type: "timestamp" },
        { name: "suspended_state", type: "int" },
        { name: "audio_tstamp", type: "timestamp" },
      ],
    },
    control: {
      struct: [
        { name: "appl_ptr", type: "compat_ulong_t" },
        { name: "avail_min", type: "compat_ulong_t" },
      ],
    },
  },
  struct: [
    { name: "flags", type: "unsigned int" },
    {
      name: "s",
      type: {
        union: [
          { name: "status", type: "status" },
          { name: "reserved", type: "unsigned char", count: 64 },
        ],
      },
    },
    {
      name: "c",
      type: {
        union: [
          { name: "control", type: "control" },
          { name: "reserved", type: "unsigned char", count: 64 },
        ],
      },
    },
  ],
  read: ["flags", "c.control"],
  written: [
    "s.status.state",
    "s.status.hw_ptr",
    "s.status.tstamp",
    "s.status.suspended_state",
    "s.status.audio_tstamp",
    "c.control",
  ],
  copies: {
    read: ["flags", { part: "c.control", stack: 4 }],
    written: [
      { part: "s.status", stack: 8 },
      { part: "c.control", stack: 8 },
    ],
  },
  abis: ["compat", "x32"],
};
