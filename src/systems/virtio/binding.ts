import { joinBytes } from "../../base/bytes.ts";
import type { PcmDeviceLimits } from "../pcm/params/index.ts";
import type { CoreCard } from "./coreCard.ts";
import {
  defaultQueues,
  queueNames,
  requests,
  type VirtioQueueName,
  type VirtioSndDesign,
  type VirtioSndDevice,
  type VirtioSndParameters,
  type VirtioSndStream,
} from "./description.ts";
import { areValid, limitsOf } from "./limits.ts";

/** The driver binds to a device and gives it up (drivers/virtio/virtio.c, sound/virtio/virtio_card.c). */

/** Transport features by their bit. */
const featureBits = { indirect: 28n, eventIndex: 29n, version1: 32n } as const;

/** Device status, as it grows while a driver binds (OASIS virtio 1.2, section 2.1). */
const status = { acknowledge: 1, driver: 3, featuresOk: 0xb, driverOk: 0xf, failed: 0x80 } as const;

/** Where the three counts stand in the device's configuration, and what one structure of each query has. */
const inventory = {
  jacks: { offset: 0, request: requests.JACK_INFO, bytes: 24 },
  streams: { offset: 4, request: requests.PCM_INFO, bytes: 32 },
  channelMaps: { offset: 8, request: requests.CHMAP_INFO, bytes: 24 },
} as const;

const COUNT_BYTES = 4;

/** Channel maps: the last position that there is, and how many a map has room for. */
const LAST_POSITION = 36;
const MOST_POSITIONS = 18;

/** Names of the queues as the driver asks for them. */
const driverNames: Readonly<Record<VirtioQueueName, string>> = {
  ctl: "virtsnd-ctl",
  evt: "virtsnd-event",
  tx: "virtsnd-tx",
  rx: "virtsnd-rx",
};

/** What is bound, and by which driver. */
export interface Binding {
  readonly core: CoreCard;
  readonly device: VirtioSndDevice;
  readonly design: VirtioSndDesign;
  readonly parameters: VirtioSndParameters;
}

/** Tells the core what the device answers to queries, and how it behaves. */
export function describeDevice({ core, device }: Binding): void {
  core.storeBytes("SOUND_DEVICE_JACK_INFO", joinBytes(device.jacks ?? []));
  core.storeBytes("SOUND_DEVICE_PCM_INFO", joinBytes(device.streams.map(infoBytes)));
  core.storeBytes("SOUND_DEVICE_MAP_INFO", joinBytes(device.channelMaps ?? []));
  core.storeBytes("SOUND_DEVICE_OUTPUT", new Uint8Array(device.output ?? 0));
  core.setDeviceWord("SOUND_DEVICE_EAGER_RX", device.eagerRx === true ? 1 : 0);
  core.setDeviceWord("SOUND_DEVICE_GUARDS", device.guards === true ? 1 : 0);
  core.setDeviceWord("SOUND_DEVICE_RELEASE_LATENCY", device.releaseLatency ?? 0);
  for (const rule of device.rules ?? []) core.addRule(rule);
}

/** virtio_dev_probe and virtsnd_probe: what the streams can do, or null where the driver refuses the device. */
export function probe(binding: Binding): readonly PcmDeviceLimits[] | null {
  const { core, device, parameters } = binding;
  negotiate(binding);
  if (device.version1 === false || !areValid(parameters)) {
    noteStatus(core, status.driver | status.failed);
    return null;
  }
  startDevice(binding);
  const limits = readInventory(binding);
  if (limits !== null) return limits;
  giveUp(core);
  noteStatus(core, status.failed);
  return null;
}

/** What a transport does when the system wakes up. */
export function restore(binding: Binding): void {
  negotiate(binding);
  startDevice(binding);
}

/** The device is reset, and both sides forget the queues. */
export function giveUp(core: CoreCard): void {
  noteStatus(core, "reset");
  core.machine.exports.virtioDeleteQueues(core.address);
  core.note({ kind: "queues-deleted" });
}

function noteStatus(core: CoreCard, value: number | "reset"): void {
  core.note({ kind: "status", value });
}

function negotiate({ core, device }: Binding): void {
  const { indirect = true, eventIndex = false, version1 = true } = device;
  const bits =
    (indirect ? 1n << featureBits.indirect : 0n) |
    (eventIndex ? 1n << featureBits.eventIndex : 0n) |
    (version1 ? 1n << featureBits.version1 : 0n);
  noteStatus(core, "reset");
  noteStatus(core, status.acknowledge);
  noteStatus(core, status.driver);
  core.note({ kind: "features", bits });
}

/** Queues, event buffers, and the device may work. */
function startDevice({ core, device }: Binding): void {
  const { machine, address } = core;
  const { indirect = true, eventIndex = false, queues = defaultQueues } = device;
  const features =
    (indirect ? machine.constant("RING_INDIRECT") : 0) |
    (eventIndex ? machine.constant("RING_EVENT_INDEX") : 0);
  noteStatus(core, status.featuresOk);
  for (const number of queueNames.keys()) {
    core.done(machine.exports.virtioAddQueue(address, number, queues[number]!, features));
    noteQueue(core, number);
  }
  core.done(machine.exports.virtioFillEvents(address));
  machine.exports.virtioLook(address);
  noteStatus(core, status.driverOk);
}

function noteQueue(core: CoreCard, number: number): void {
  const queue = queueNames[number]!;
  const table = core.queueWord(number, "DEVICE_QUEUE_TABLE");
  core.note({
    kind: "queue",
    queue,
    name: driverNames[queue],
    entries: core.queueWord(number, "DEVICE_QUEUE_ENTRIES"),
    available: core.queueWord(number, "DEVICE_QUEUE_AVAILABLE") - table,
    used: core.queueWord(number, "DEVICE_QUEUE_USED") - table,
  });
}

/** Jacks, streams and channel maps; null where one of them cannot be. */
function readInventory(binding: Binding): readonly PcmDeviceLimits[] | null {
  const { core, device } = binding;
  const { jacks = [], streams, channelMaps = [] } = device;
  if (query(core, "jacks", jacks.length) === null) return null;
  if (query(core, "streams", streams.length) === null) return null;
  const limits = bindStreams(binding);
  if (limits === null) return null;
  const maps = query(core, "channelMaps", channelMaps.length);
  return maps !== null && areGoodMaps(maps) ? limits : null;
}

/** The structures of a kind; null where the query failed. */
function query(core: CoreCard, kind: keyof typeof inventory, count: number): Uint8Array | null {
  const { exports, bytes: memory } = core.machine;
  const { offset, request, bytes } = inventory[kind];
  core.note({ kind: "config-read", offset, bytes: COUNT_BYTES });
  if (count === 0) return new Uint8Array();
  const at = core.allocated(exports.virtioAllocate(count * bytes));
  const result = exports.virtioQuery(core.address, request, count, bytes, at);
  const answer = result === 0 ? memory.slice(at, at + count * bytes) : null;
  exports.virtioFree(at, count * bytes);
  return answer;
}

function bindStreams({ core, device, design, parameters }: Binding): PcmDeviceLimits[] | null {
  const { machine, address } = core;
  const { streams } = device;
  core.done(machine.exports.virtioAddStreams(address, streams.length));
  const limits = streams.map((stream) => limitsOf(machine, stream, design, parameters));
  const selectable =
    machine.constant("FEATURE_MSG_POLLING") | machine.constant("FEATURE_EVT_XRUNS");
  for (const [id, { direction, features }] of streams.entries()) {
    machine.exports.virtioSetStream(address, id, direction, features & selectable);
  }
  return limits.every((stream) => stream !== null) ? limits : null;
}

/** struct virtio_snd_pcm_info. */
function infoBytes(stream: VirtioSndStream): Uint8Array {
  const bytes = new Uint8Array(inventory.streams.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, stream.nid, true);
  view.setUint32(4, stream.features, true);
  view.setBigUint64(8, stream.formats, true);
  view.setBigUint64(16, stream.rates, true);
  bytes.set([stream.direction, ...stream.channels], 24);
  return bytes;
}

/** struct virtio_snd_chmap_info: direction at 4, channels at 5, positions from 6. */
function areGoodMaps(maps: Uint8Array): boolean {
  for (let at = 0; at < maps.length; at += inventory.channelMaps.bytes) {
    const channels = Math.min(maps[at + 5]!, MOST_POSITIONS);
    const positions = maps.subarray(at + 6, at + 6 + channels);
    if (maps[at + 4]! > 1 || positions.some((position) => position > LAST_POSITION)) return false;
  }
  return true;
}
