import type { Finding } from "../machine/findings.ts";
import type { PcmDirection } from "../systems/pcm/states.ts";
import type { VirtioSndDesign } from "../systems/virtio/description.ts";
import type { VirtioSndDeviceName } from "./virtioBed.ts";
import type { MessageTimes, VirtioSndStep } from "./virtioLog.ts";
import type { SoundPiece } from "./virtioSound.ts";

/** A message that the device returned. All times are steps, from 1. */
export interface VirtioSndPeriod extends MessageTimes {
  /** Which one it was to be, from 1. */
  readonly period: number;
  /** When the program had stored its last byte, or got it; null where it never did. */
  readonly program: number | null;
  /** What was heard in it, or what the program got for it. */
  readonly holds: readonly SoundPiece[];
  /** It is not what it was to be, all of it. */
  readonly wrong: boolean;
}

/**
 * How it ended: all was played, the device had nothing more to play although not all was, or a call of the program's
 * was refused.
 */
export type VirtioSndEnd = "done" | "stalled" | "refused";

export interface VirtioSndRun {
  readonly schemaVersion: 1;
  readonly scenario: "virtio-snd";
  readonly kernel: string;
  readonly design: VirtioSndDesign;
  readonly device: VirtioSndDeviceName;
  readonly direction: PcmDirection;
  readonly transfer: number;
  readonly periodSize: number;
  readonly periods: number;
  readonly count: number;
  readonly start: number;
  readonly steps: readonly VirtioSndStep[];
  readonly played: readonly VirtioSndPeriod[];
  readonly wrongPeriods: number;
  readonly end: VirtioSndEnd;
  readonly findings: readonly Finding[];
}
