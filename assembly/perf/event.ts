import { slabAlloc, slabFree, kfree, kmalloc } from "../machine/slab";
import { Cpu, cpuAt } from "../machine/cpu";
import { header } from "../machine/map";
import { Task } from "../mm/task";
import {
  FLAG_FREQ,
  FLAG_PINNED,
  FLAG_SAMPLE_ID_ALL,
  PerfAttr,
  READ_GROUP,
  READ_ID,
  READ_LOST,
  READ_TIME_ENABLED,
  READ_TIME_RUNNING,
  SAMPLE_ID_ALL,
  SAMPLE_PLAIN_WORDS,
  SAMPLE_READ,
  SAMPLE_WEIGHT_TYPE,
} from "./attr";
import { PT_REGS_BYTES } from "./ptRegs";
import { SAMPLE_DATA_BYTES } from "./sampleData";

/** What an event counts (kernel/events/core.c, 6.18): its attributes, what it has counted, and where it writes. */
@unmanaged
export class PerfEvent extends PerfAttr {
  count: u64;
  childCount: u64; // what inherited events that have gone had counted
  id: u64;
  lostSamples: u64;
  period: u64; // of now; PERF_EVENT_IOC_PERIOD changes it
  lastPeriod: u64;
  periodLeft: i64; // counts up; a sample is due at 0
  timeEnabled: u64; // nanoseconds, up to the last change of state
  enabledAt: u64;
  next: u32; // list of the events that are enabled
  nextOpen: u32; // list of all events, the newest first
  enabled: u32;
  task: u32; // PerfTask it is attached to, 0 = every one
  cpu: i32; // CPU it is attached to, −1 = every one
  ring: u32;
  parent: u32; // the event it was inherited from
  leader: u32; // of its group; itself if none
  sibling: u32; // the next member of the group
  siblings: u32; // members besides the leader (kept by the leader)
  limit: u32; // samples until it is disabled (PERF_EVENT_IOC_REFRESH), 0 = no end
  headerBytes: u32; // fields of fixed size in a sample, those of the trailer apart
  idBytes: u32; // fields of the trailer
  readBytes: u32;
  plainBytes: u32; // of samples that hitSample can write, without the dump; 0 for others
}

/** A task as samples name it, and the frames that its registers are found in. */
@unmanaged
export class PerfTask {
  task: u32; // 0 for a kernel thread
  pid: u32;
  tid: u32;
  compat: u32; // a real 32-bit program
  frame: u64; // PtRegs: task_pt_regs, what the last entry from user mode saved
}

/** Where a PerfTask's two frames stand: what the entry from user mode saved, what an exception in the kernel saved. */
export const TASK_FRAME_AT: u32 = offsetof<PerfTask>("frame");
export const KERNEL_FRAME_AT: u32 = TASK_FRAME_AT + PT_REGS_BYTES;
export const PERF_TASK_BYTES: u32 = KERNEL_FRAME_AT + PT_REGS_BYTES;

/** One level of context on a CPU (task, softirq, irq, NMI): a sample in progress. */
@unmanaged
export class PerfLevel {
  busy: u32; // a software event is being dealt with
  chainBusy: u32; // the call-chain buffer is in use
  chain: u32; // that buffer: count, entries
  ring: u32; // where the record goes
  at: u64; // position of the next byte in the ring
  mark: u64; // the ring's wake-up mark when the record was begun
  noChain: u64; // an empty chain: always 0
  frame: u64; // a stack frame that is looked at: where the next one is,
  frameReturn: u64; // and the return address
  data: u64; // SampleData begins here
}

export const PERF_LEVEL_CHAIN_BUSY: u32 = offsetof<PerfLevel>("chainBusy");
const LEVEL_DATA_AT: u32 = offsetof<PerfLevel>("data");
export const LEVEL_BYTES: u32 = LEVEL_DATA_AT + SAMPLE_DATA_BYTES;
const LEVELS: u32 = 4;

/** What perf keeps for each CPU while there are events: the levels, and the one copy of the user registers for NMIs. */
@unmanaged
export class PerfCpu {
  chains: u32;
  bed: u32; // study: DesignBed that a sample is being taken on, 0 = none
  nmiRegs: u64; // PtRegs begins here
}

@inline
export function perfCpuOf(cpu: Cpu): PerfCpu {
  return changetype<PerfCpu>(cpu.perf as usize);
}

const NMI_REGS_AT: u32 = offsetof<PerfCpu>("nmiRegs");
export const LEVELS_AT: u32 = NMI_REGS_AT + PT_REGS_BYTES;
/** Room for the longest chain (count, 127 frames, 8 markers), and behind it for a tracepoint's data. */
const CHAIN_BYTES: u32 = 2048;
const RAW_AT: u32 = 1536;

@inline
export function eventAt(address: u32): PerfEvent {
  return changetype<PerfEvent>(address as usize);
}

@inline
export function perfTaskAt(address: u32): PerfTask {
  return changetype<PerfTask>(address as usize);
}

@inline
export function nmiRegsOf(cpu: Cpu): usize {
  return cpu.perf + NMI_REGS_AT;
}

/** The level of the context that the CPU is in. */
@inline
export function levelOf(cpu: Cpu): PerfLevel {
  return changetype<PerfLevel>((cpu.perf + LEVELS_AT + cpu.context * LEVEL_BYTES) as usize);
}

@inline
export function dataOf(level: PerfLevel): usize {
  return changetype<usize>(level) + LEVEL_DATA_AT;
}

/** Where a tracepoint's data are assembled. */
@inline
export function rawOf(level: PerfLevel): usize {
  return level.chain + RAW_AT;
}

/** Makes the CPUs ready for samples; false when RAM is full. */
function makeCpus(): bool {
  for (let index: u32 = 0; index < header().cpuCount; index++) {
    const cpu = cpuAt(index);
    cpu.perf = slabAlloc(LEVELS_AT + LEVELS * LEVEL_BYTES) as u32;
    const chains: usize = cpu.perf == 0 ? 0 : kmalloc(LEVELS * CHAIN_BYTES);
    if (chains == 0) return false;
    perfCpuOf(cpu).chains = chains as u32;
    for (let level: u32 = 0; level < LEVELS; level++) {
      const at = (cpu.perf + LEVELS_AT + level * LEVEL_BYTES) as usize;
      changetype<PerfLevel>(at).chain = (chains as u32) + level * CHAIN_BYTES;
    }
  }
  return true;
}

function freeCpus(): void {
  for (let index: u32 = 0; index < header().cpuCount; index++) {
    const cpu = cpuAt(index);
    if (cpu.perf == 0) continue;
    const chains = perfCpuOf(cpu).chains;
    if (chains != 0) kfree(chains);
    slabFree(cpu.perf);
    cpu.perf = 0;
  }
}

/** A new event with attributes that were found good; 0 when RAM is full. It is disabled and in no group. */
export function createEvent(attr: usize, task: u32, cpu: i32): u32 {
  const h = header();
  if (h.perfEvents == 0 && !makeCpus()) {
    freeCpus();
    return 0;
  }
  const address = slabAlloc(offsetof<PerfEvent>()) as u32;
  if (address == 0) {
    if (h.perfEvents == 0) freeCpus();
    return 0;
  }
  memory.copy(address, attr, offsetof<PerfAttr>());
  const event = eventAt(address);
  event.nextOpen = h.perfEvents;
  h.perfEvents = address;
  h.perfIds += 1;
  event.id = h.perfIds;
  event.task = task;
  event.cpu = cpu;
  event.leader = address;
  event.period = (event.flags & FLAG_FREQ) != 0 ? 1 : event.samplePeriod;
  event.lastPeriod = event.period;
  event.periodLeft = event.period as i64;
  sizeGroup(event);
  return address;
}

export function freeEvent(address: u32): void {
  const h = header();
  if (h.perfEvents == address) h.perfEvents = eventAt(address).nextOpen;
  else {
    let at = eventAt(h.perfEvents);
    while (at.nextOpen != address) at = eventAt(at.nextOpen);
    at.nextOpen = eventAt(address).nextOpen;
  }
  slabFree(address);
  if (h.perfEvents == 0) freeCpus();
}

/** The event becomes the last member of a group. */
export function joinGroup(event: PerfEvent, leader: u32): void {
  event.leader = leader;
  event.plainBytes = 0; // it runs only while its leader does
  eventAt(leader).siblings += 1;
  let at = leader;
  while (eventAt(at).sibling != 0) at = eventAt(at).sibling;
  eventAt(at).sibling = changetype<usize>(event) as u32;
  sizeGroup(event);
}

/** A member leaves its group; where the leader goes, each member is on its own. */
export function leaveGroup(event: PerfEvent): void {
  const address = changetype<usize>(event) as u32;
  if (event.leader == address) return dissolveGroup(event);
  const leader = eventAt(event.leader);
  let at = event.leader;
  while (eventAt(at).sibling != address) at = eventAt(at).sibling;
  eventAt(at).sibling = event.sibling;
  leader.siblings -= 1;
  event.sibling = 0;
  event.leader = address;
  sizeGroup(leader);
}

function dissolveGroup(leader: PerfEvent): void {
  let at = leader.sibling;
  leader.sibling = 0;
  leader.siblings = 0;
  while (at != 0) {
    const member = eventAt(at);
    const next = member.sibling;
    member.sibling = 0;
    member.leader = at;
    sizeEvent(member);
    at = next;
  }
}

/** READ of each member has a row for all of them. */
function sizeGroup(event: PerfEvent): void {
  for (let at = event.leader; at != 0; at = eventAt(at).sibling) sizeEvent(eventAt(at));
}

@inline
function words(type: u64, fields: u64): u32 {
  return popcnt<u64>(type & fields) as u32;
}

/** perf_event__header_size, perf_event__id_header_size. */
function sizeEvent(event: PerfEvent): void {
  const type = event.sampleType;
  event.readBytes = readBytes(event.readFormat, eventAt(event.leader).siblings);
  const weight: u32 = (type & SAMPLE_WEIGHT_TYPE) != 0 ? 1 : 0;
  event.headerBytes = (words(type, SAMPLE_PLAIN_WORDS) + weight) * 8;
  if ((type & SAMPLE_READ) != 0) event.headerBytes += event.readBytes;
  event.idBytes = words(type, SAMPLE_ID_ALL) * 8;
}

/** __perf_event_read_size: bytes of READ. */
export function readBytes(format: u64, siblings: u32): u32 {
  const row = 1 + words(format, READ_ID | READ_LOST);
  const times = words(format, READ_TIME_ENABLED | READ_TIME_RUNNING);
  const rows = (format & READ_GROUP) != 0 ? 1 + row * (1 + siblings) : row;
  return (times + rows) * 8;
}

/** The trailer of records that are no samples. */
@inline
export function trailerBytes(event: PerfEvent): u32 {
  return (event.flags & FLAG_SAMPLE_ID_ALL) != 0 ? event.idBytes : 0;
}

/** primary_event_id: an inherited event goes by the id of the one it comes from. */
@inline
export function primaryId(event: PerfEvent): u64 {
  return event.parent != 0 ? eventAt(event.parent).id : event.id;
}

/** The PerfTask of the task on a CPU; 0 for a kernel thread. */
@inline
export function perfTaskOf(cpu: Cpu): u32 {
  return cpu.task == 0 ? 0 : changetype<Task>(cpu.task as usize).perf;
}

/** Numbers of a PerfTask; kernel threads (0) have none here. */
@inline
export function pidOf(task: u32): u32 {
  return task == 0 ? 0 : perfTaskAt(task).pid;
}

@inline
export function tidOf(task: u32): u32 {
  return task == 0 ? 0 : perfTaskAt(task).tid;
}

/** Its group's leader is enabled too, and the task it is attached to is the one that runs. */
@inline
export function isActive(event: PerfEvent, cpu: Cpu): bool {
  if (event.task != 0 && event.task != perfTaskOf(cpu)) return false;
  if (event.cpu >= 0 && (event.cpu as u32) != cpu.index) return false;
  return eventAt(event.leader).enabled != 0;
}

/**
 * The order in which software events see an occurrence: each time one is enabled, the context is scheduled anew, pinned
 * groups before others, groups and members as they were opened, and each goes to the front of the list.
 */
function seesBefore(event: PerfEvent, other: PerfEvent): bool {
  const pinned = event.flags & FLAG_PINNED;
  if (pinned != (other.flags & FLAG_PINNED)) return pinned == 0;
  const group = eventAt(event.leader).id;
  const otherGroup = eventAt(other.leader).id;
  return group != otherGroup ? group > otherGroup : event.id > other.id;
}

export function enableEvent(event: PerfEvent): void {
  if (event.enabled != 0) return;
  event.enabled = 1;
  event.enabledAt = header().nanoseconds;
  link(event);
  for (let at = header().perfEnabled; at != 0; at = eventAt(at).next) startCounting(eventAt(at));
}

/** perf_swevent_add: a period that is over begins anew. */
function startCounting(event: PerfEvent): void {
  if (event.samplePeriod == 0 || eventAt(event.leader).enabled == 0) return;
  event.lastPeriod = event.period;
  startPeriod(event);
}

/**
 * perf_swevent_set_period: how many samples are due, 0 while the period is not over. What is left is counted up from
 * minus the period; the first one after a change of the period still ends by the old one.
 */
export function startPeriod(event: PerfEvent): u64 {
  const period = event.lastPeriod;
  event.lastPeriod = event.period;
  if (event.periodLeft < 0) return 0;
  const due = (period + (event.periodLeft as u64)) / period;
  event.periodLeft -= (due * period) as i64;
  return due;
}

function link(event: PerfEvent): void {
  const h = header();
  if (h.perfEnabled == 0 || seesBefore(event, eventAt(h.perfEnabled))) {
    event.next = h.perfEnabled;
    h.perfEnabled = changetype<usize>(event) as u32;
    return;
  }
  let at = eventAt(h.perfEnabled);
  while (at.next != 0 && !seesBefore(event, eventAt(at.next))) at = eventAt(at.next);
  event.next = at.next;
  at.next = changetype<usize>(event) as u32;
}

export function disableEvent(event: PerfEvent): void {
  if (event.enabled == 0) return;
  event.enabled = 0;
  event.timeEnabled += header().nanoseconds - event.enabledAt;
  const h = header();
  const address = changetype<usize>(event) as u32;
  if (h.perfEnabled == address) {
    h.perfEnabled = event.next;
    return;
  }
  let at = eventAt(h.perfEnabled);
  while (at.next != address) at = eventAt(at.next);
  at.next = event.next;
}
