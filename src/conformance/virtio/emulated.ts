/** The emulated machine behind the replayer of virtio-snd: the device's side, and what is observed after each step. */

import type { Machine } from "../../machine/machine.ts";
import { pcmStates } from "../../systems/pcm/states.ts";
import {
  queueNames,
  type VirtioSndDevice,
  type VirtioSndParameters,
  type VirtioSndRule,
} from "../../systems/virtio/description.ts";
import { VirtioSnd } from "../../systems/virtio/virtioSnd.ts";
import { CaseMachine, type EmulatedOptions } from "../base/caseMachine.ts";
import { VirtioSndApplication } from "./application.ts";
import { fillBytes } from "./fill.ts";
import { viewAnswer } from "./look.ts";
import type { VirtioSndMachine, VirtioSndSetup } from "./machine.ts";
import type {
  ApplicationOperation,
  DeviceDescription,
  DeviceOperation,
  Recorded,
  RuleDescription,
  VirtioSndOperation,
} from "./steps.ts";
import { logEntry, plainNumber } from "./text.ts";

const EINVAL = 22;
const JOURNAL_BYTES = 4 << 20;

/** What the traces call the driver's parameters. */
const parameterNames: Readonly<Record<string, keyof VirtioSndParameters>> = {
  msg_timeout_ms: "messageTimeout",
  pcm_buffer_ms: "buffer",
  pcm_periods_min: "periodsMin",
  pcm_periods_max: "periodsMax",
  pcm_period_ms_min: "periodMin",
  pcm_period_ms_max: "periodMax",
};

/** Replays on a {@link Machine}, which it takes over: it resets it for every case. */
export class EmulatedVirtioSnd implements VirtioSndMachine {
  readonly #cases: CaseMachine;
  #description: DeviceDescription | null = null;
  #card: VirtioSnd | null = null;
  #application: VirtioSndApplication | null = null;
  /** What was last observed of each queue and stream, as text. */
  readonly #rings = new Map<string, string>();
  readonly #streams = new Map<number, string>();
  #pieces = new Map<number, readonly number[]>();

  constructor(machine: Machine, options: EmulatedOptions = {}) {
    this.#cases = new CaseMachine(machine, options);
  }

  reset({ release, device }: VirtioSndSetup): void {
    this.#cases.begin(release);
    this.#description = device;
    this.#card = null;
    this.#application = null;
    this.#rings.clear();
    this.#streams.clear();
    this.#pieces.clear();
  }

  setRingPieces(stream: number, lengths: readonly number[]): void {
    this.#card?.setRingPieces(stream, lengths);
  }

  perform(operation: VirtioSndOperation): Recorded {
    this.#card?.look();
    const answer = "dev" in operation ? this.#command(operation) : this.#apply(operation);
    this.#settle();
    const { ret } = answer;
    return {
      ...answer,
      ...(ret < 0 && { errno: -ret }),
      ...this.#observe("dev" in operation ? operation.dev : operation.app),
    };
  }

  /** Notifications run, then whoever they woke. */
  #settle(): void {
    const card = this.#card;
    if (card === null) return;
    do {
      card.settle();
      card.look();
    } while (this.#application!.runBackground());
  }

  #apply(operation: ApplicationOperation): Recorded & { ret: number } {
    if (operation.app === "repeat") return this.#repeat(operation);
    return this.#application!.perform(operation);
  }

  get #plugged(): VirtioSnd {
    return this.#card!;
  }

  #command(operation: DeviceOperation): Recorded & { ret: number } {
    switch (operation.dev) {
      case "plug":
        return this.#plug();
      case "complete":
        return { ret: this.#complete(operation) };
      case "spin":
        return { ret: this.#spin(operation.queue, operation.n) };
      case "event":
        return { ret: this.#plugged.sendEvent(Number(operation.code), operation.data) };
      case "look": {
        const view = this.#plugged.view(operation.queue);
        if (view === null) return { ret: -EINVAL };
        return { ret: 0, ...viewAnswer(view, this.#merges) };
      }
      default:
        this.#commandRest(operation);
        return { ret: 0 };
    }
  }

  #commandRest(
    operation: Exclude<
      DeviceOperation,
      { readonly dev: "plug" | "complete" | "spin" | "event" | "look" }
    >,
  ): void {
    switch (operation.dev) {
      case "suspend":
        return this.#plugged.suspend();
      case "resume":
        return this.#plugged.resume();
      case "interrupt":
        return this.#plugged.interrupt(operation.queue);
      case "answer":
        return void this.#plugged.answer(Number(operation.status));
      case "rule":
        return this.#plugged.addRule(ruleOf(operation));
      case "used_flags":
        return this.#plugged.setUsedFlags(operation.queue, operation.value);
      case "layout":
    }
  }

  get #merges(): boolean {
    return this.#description!.merge_pieces === 1;
  }

  #plug(): Recorded & { ret: number } {
    const description = this.#description!;
    this.#card = VirtioSnd.plug(this.#cases.machine, deviceOf(description), {
      parameters: parametersOf(description),
      journalBytes: JOURNAL_BYTES,
    });
    this.#application = new VirtioSndApplication(this.#cases.machine, this.#card);
    return { ret: 0 };
  }

  #complete(operation: Extract<DeviceOperation, { readonly dev: "complete" }>): number {
    const {
      queue,
      n,
      first,
      status,
      latency,
      captured,
      used_len: usedLength,
      interrupts,
    } = operation;
    return this.#plugged.complete({
      queue,
      count: n,
      ...(first !== undefined && { first }),
      ...(status !== undefined && { status: Number(status) }),
      ...(latency !== undefined && { latency: Number(latency) }),
      ...(captured !== undefined && { captured }),
      ...(usedLength !== undefined && { usedLength: Number(usedLength) }),
      ...(interrupts !== undefined && { interrupts }),
      ...(queue === "rx" &&
        operation.fill !== undefined && { source: fillBytes(operation, this.#largestRing()) }),
    });
  }

  #largestRing(): number {
    const rings = this.#description!.streams.map(
      (_, id) => this.#plugged.file(id)?.ring().length ?? 0,
    );
    return Math.max(0, ...rings);
  }

  /** Messages one by one, each with its interrupt and notification. */
  #spin(queue: "tx" | "rx", n: number): number {
    let done = 0;
    while (done < n && this.#plugged.complete({ queue }) > 0) done++;
    this.#plugged.forgetEvents();
    return done;
  }

  /** Many rounds of a call and a command, both in words. */
  #repeat({
    n,
    call,
    then,
  }: Extract<ApplicationOperation, { readonly app: "repeat" }>): Recorded & { ret: number } {
    const operation = calledIn(call);
    const { queue, messages } = commandedIn(then);
    let answer: Recorded & { ret: number } = { ret: 0 };
    let device = 0;
    let done = 0;
    for (; done < n; done++) {
      answer = this.#application!.perform(operation);
      this.#settle();
      device = this.#spin(queue, messages);
    }
    const { ret, out_frames: frames, ...outputs } = answer;
    return {
      ret: done,
      done,
      out_call: ret,
      device,
      ...outputs,
      ...(frames !== undefined && { frames }),
    };
  }

  /** What changed since the step before. */
  #observe(name: string): Recorded {
    const log = this.#card?.takeEvents() ?? [];
    const rings = this.#changedRings();
    const pcm = this.#changedStreams();
    const silent = log.length === 0 || name === "spin" || name === "repeat";
    return {
      ...(!silent && { log: log.map((event) => logEntry(event, this.#merges)) }),
      ...(rings !== undefined && { rings }),
      ...(pcm !== undefined && { pcm }),
    };
  }

  /** The queues whose counters changed; null where they went, undefined where nothing changed. */
  #changedRings(): Recorded | null | undefined {
    const changed: Record<string, unknown> = {};
    let gone = false;
    for (const queue of queueNames) {
      const counters = this.#card?.counters(queue) ?? null;
      const row = counters && [
        counters.availableIndex,
        counters.usedIndex,
        counters.availableFlags,
        counters.usedEvent,
        counters.usedFlags,
      ];
      const text = JSON.stringify(row);
      if ((this.#rings.get(queue) ?? "null") === text) continue;
      this.#rings.set(queue, text);
      if (row === null) gone = true;
      else changed[queue] = row;
    }
    if (gone) return null;
    return Object.keys(changed).length === 0 ? undefined : changed;
  }

  #changedStreams(): Recorded | undefined {
    const changed: Record<string, unknown> = {};
    for (const id of this.#description!.streams.keys()) {
      const row = this.#bookkeeping(id);
      const text = JSON.stringify(row);
      if ((this.#streams.get(id) ?? "null") === text) continue;
      this.#streams.set(id, text);
      changed[id] = row;
    }
    return Object.keys(changed).length === 0 ? undefined : changed;
  }

  #bookkeeping(id: number): unknown[] | null {
    const file = this.#card?.file(id);
    if (file === undefined) return null;
    const names = [
      "hw_ptr",
      "appl_ptr",
      "delay",
      "hw_ptr_base",
      "hw_ptr_interrupt",
      "avail_max",
    ] as const;
    return [
      pcmStates[Number(file.field("state"))],
      ...names.map((name) => plainNumber(file.field(name))),
    ];
  }

  takeFindings(): readonly string[] {
    return this.#cases.takeFindings();
  }
}

function deviceOf(description: DeviceDescription): VirtioSndDevice {
  const { features, queues, streams, jacks = [], chmaps = [], rules = [] } = description;
  return {
    indirect: features.includes("INDIRECT_DESC"),
    eventIndex: features.includes("EVENT_IDX"),
    version1: description.version_1 ?? true,
    queues,
    streams: streams.map((stream) => ({
      ...stream,
      formats: BigInt(stream.formats),
      rates: BigInt(stream.rates),
    })),
    jacks: jacks.map(bytesOf),
    channelMaps: chmaps.map(bytesOf),
    rules: rules.map(ruleOf),
    eagerRx: description.eager_rx === 1,
    releaseLatency: description.release_latency ?? 0,
  };
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function ruleOf({
  request,
  skip,
  times,
  status,
  action,
  used_len: usedLength,
  keep,
}: RuleDescription): VirtioSndRule {
  return {
    request,
    ...(skip !== undefined && { skip }),
    ...(times !== undefined && { times }),
    ...(status !== undefined && { status: Number(status) }),
    ...(action !== undefined && { action }),
    ...(usedLength !== undefined && { usedLength }),
    ...(keep !== undefined && { keep }),
  };
}

function parametersOf({ params = {} }: DeviceDescription): Partial<VirtioSndParameters> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [parameterNames[name], value]),
  );
}

/** The call of a `repeat`, as its text says it. */
function calledIn(
  text: string,
): Exclude<ApplicationOperation, { readonly app: "repeat" | "join" }> {
  const [, app, frames, value] = /^(\w+) (\d+)(?: frames)?(?: of (0x[0-9a-f]+))?$/.exec(text) ?? [];
  return {
    app: app as "WRITEI",
    slot: 0,
    frames: Number(frames),
    fill: "const",
    value: Number(value ?? 0),
  };
}

const numbers: Readonly<Record<string, number>> = { one: 1, two: 2, three: 3, four: 4 };

/** And its device command. */
function commandedIn(text: string): { readonly queue: "tx" | "rx"; readonly messages: number } {
  const [, count, queue] = /^complete (\w+) messages? of (tx|rx)/.exec(text) ?? [];
  return { queue: queue as "tx" | "rx", messages: numbers[count!] ?? Number(count) };
}
