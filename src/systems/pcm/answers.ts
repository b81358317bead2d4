import type { PcmState } from "./states.ts";

/** What the verbs of a stream answer. Counts are frames; times are nanoseconds. */

/** The kernel's answer (0 or more, or −errno), and what it stored; null unless it succeeded. */
export interface PcmAnswer<Value> {
  readonly result: number;
  readonly value: Value | null;
}

/** SW_PARAMS: struct snd_pcm_sw_params. */
export interface PcmSwParams {
  /** 0: no timestamps; 1: on. */
  readonly tstampMode: number;
  readonly periodStep: number;
  readonly availMin: bigint;
  readonly startThreshold: bigint;
  readonly stopThreshold: bigint;
  readonly silenceThreshold: bigint;
  readonly silenceSize: bigint;
  /** Set by the kernel: where both pointers wrap. */
  readonly boundary: bigint;
  /** Protocol version of the program; from 2.0.12 on `tstampType` counts. */
  readonly proto: number;
  /** 0: wall clock; 1: monotonic; 2: monotonic raw. */
  readonly tstampType: number;
}

/** STATUS and STATUS_EXT: struct snd_pcm_status. */
export interface PcmStatus {
  readonly state: PcmState;
  readonly suspendedState: PcmState;
  /** When the state last changed. */
  readonly triggerTime: bigint;
  readonly time: bigint;
  readonly audioTime: bigint;
  readonly driverTime: bigint;
  readonly audioTstampData: number;
  readonly applPtr: bigint;
  readonly hwPtr: bigint;
  /** May be negative. */
  readonly delay: bigint;
  readonly avail: bigint;
  /** The most since the last STATUS. */
  readonly availMax: bigint;
}

/** What SYNC_PTR is to do: the flags and the control part of struct snd_pcm_sync_ptr. */
export interface PcmSyncRequest {
  /** Ask the device for its position first. Default false. */
  readonly hwsync?: boolean;
  /** Move appl_ptr there; without it the kernel's is reported. */
  readonly applPtr?: number | bigint;
  /** Set avail_min; without it the kernel's is reported. */
  readonly availMin?: number | bigint;
}

/** SYNC_PTR's nine values. */
export interface PcmSync {
  readonly state: PcmState;
  readonly suspendedState: PcmState;
  readonly hwPtr: bigint;
  readonly applPtr: bigint;
  readonly availMin: bigint;
  readonly time: bigint;
  readonly audioTime: bigint;
}

/** INFO: struct snd_pcm_info. */
export interface PcmInfo {
  readonly card: number;
  readonly device: number;
  readonly subdevice: number;
  readonly stream: "playback" | "capture";
  readonly id: string;
  readonly name: string;
  readonly subname: string;
  readonly subdevices: number;
  readonly subdevicesAvailable: number;
}

/** CHANNEL_INFO, struct snd_pcm_channel_info: where a channel's samples lie in the ring, in bits. */
export interface PcmChannelInfo {
  readonly channel: number;
  /** Of the mapping, in bytes; −1 where the ring cannot be mapped. */
  readonly offset: bigint;
  readonly first: number;
  readonly step: number;
}
