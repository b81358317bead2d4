import { loadShared, storeShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { Task } from "../mm/task";
import {
  Bucket,
  addressOfBucket,
  bucketAt,
  bucketOf,
  dropWaiter,
  expectWaiter,
  lockBucket,
  unlockBucket,
} from "./bucket";
import { Key, copyKey, sameKey } from "./key";

/**
 * One waiter on one word (struct futex_q). It is woken when it is off the list and its bucket is 0, set in this order;
 * while it waits, whoever holds the lock of the bucket named here may move it to another.
 */
@unmanaged
export class Entry {
  page: u64; //   0 ┐
  object: u32; //  8 │ the key
  offset: u32; // 12 ┘
  targetPage: u64; // 16 ┐
  targetObject: u32; //24 │ the key of the PI futex it may be moved to
  targetOffset: u32; //28 ┘
  address: u64; //  32 of the word, as the program gave it
  next: u32; //     40 in the bucket
  previous: u32; // 44
  bucket: u32; //   48
  task: u32; //     52
  expected: u32; // 56
  flags: u32; //    60
  bitset: u32; //   64
  priority: u32; // 68 the task's own when it was queued
  piState: u32; //  72 of the PI futex it waits for
  rtWaiter: u32; // 76 of one that waits to be moved to a PI futex
  moved: u32; //    80 MOVED_*: what a requeuer did with that one
}

/** Still on the first word; on the PI futex, waiting for it; owner of the PI futex. */
export const MOVED_NOT: u32 = 0;
export const MOVED_WAITS: u32 = 1;
export const MOVED_LOCKED: u32 = 2;

@inline
export function entryAt(address: u32): Entry {
  return changetype<Entry>(address as usize);
}

@inline
export function addressOfEntry(entry: Entry): u32 {
  return changetype<usize>(entry) as u32;
}

@inline
export function keyOf(entry: Entry): Key {
  return changetype<Key>(changetype<usize>(entry));
}

@inline
export function targetOf(entry: Entry): Key {
  return changetype<Key>(changetype<usize>(entry) + offsetof<Entry>("targetPage"));
}

@inline
export function taskOf(entry: Entry): Task {
  return changetype<Task>(entry.task as usize);
}

@inline
function bucketField(entry: Entry): usize {
  return changetype<usize>(entry) + offsetof<Entry>("bucket");
}

/** futex_q_lock: the locked bucket of the entry's key, its waiter counted. */
export function lockForQueue(cpu: Cpu, entry: Entry): Bucket {
  const bucket = bucketOf(keyOf(entry));
  expectWaiter(bucket);
  lockBucket(cpu, bucket);
  return bucket;
}

/** futex_q_unlock: it was not queued after all. */
export function unlockUnqueued(bucket: Bucket): void {
  unlockBucket(bucket);
  dropWaiter(bucket);
}

/** Puts an entry behind its equals: real-time tasks first, by the priority they have of their own (plist_add). */
function link(bucket: Bucket, entry: Entry): void {
  let after = bucket.last;
  while (after != 0 && entryAt(after).priority < entry.priority) after = entryAt(after).previous;
  const before = after == 0 ? bucket.first : entryAt(after).next;
  entry.previous = after;
  entry.next = before;
  if (after == 0) bucket.first = addressOfEntry(entry);
  else entryAt(after).next = addressOfEntry(entry);
  if (before == 0) bucket.last = addressOfEntry(entry);
  else entryAt(before).previous = addressOfEntry(entry);
}

function unlink(bucket: Bucket, entry: Entry): void {
  if (entry.previous == 0) bucket.first = entry.next;
  else entryAt(entry.previous).next = entry.next;
  if (entry.next == 0) bucket.last = entry.previous;
  else entryAt(entry.next).previous = entry.previous;
  entry.next = 0;
  entry.previous = 0;
}

/** __futex_queue: the bucket is locked and counts the waiter. */
export function queueEntry(bucket: Bucket, entry: Entry): void {
  entry.priority = taskOf(entry).priority;
  link(bucket, entry);
  setBucket(entry, bucket);
}

/** __futex_unqueue: takes an entry off its locked bucket. Its owner still finds it there until it is marked as woken. */
export function takeOff(entry: Entry): void {
  const bucket = bucketAt(entry.bucket);
  unlink(bucket, entry);
  dropWaiter(bucket);
}

/** True while the entry stands in a list. */
export function isQueued(entry: Entry): bool {
  const bucket = entry.bucket;
  if (bucket == 0) return false;
  return entry.previous != 0 || bucketAt(bucket).first == addressOfEntry(entry);
}

/** Names another bucket, whose lock guards an entry from now on. */
export function setBucket(entry: Entry, bucket: Bucket): void {
  storeShared(bucketField(entry), addressOfBucket(bucket));
}

/** Marks an entry that was taken off as woken: a release, because its owner may be gone right after. */
export function releaseEntry(entry: Entry): void {
  storeShared(bucketField(entry), 0);
}

/** requeue_futex: gives an entry another word to wait on. Different words count as different buckets. */
export function moveEntry(entry: Entry, to: Bucket, key: Key): void {
  const from = bucketAt(entry.bucket);
  unlink(from, entry);
  if (from != to) {
    dropWaiter(from);
    expectWaiter(to);
  }
  copyKey(keyOf(entry), key);
  link(to, entry);
  setBucket(entry, to);
}

/** Locks the bucket an entry is in, wherever it was moved meanwhile; 0 for one that was woken. */
export function lockBucketOf(cpu: Cpu, entry: Entry): u32 {
  while (true) {
    const address = loadShared(bucketField(entry));
    if (address == 0) return 0;
    lockBucket(cpu, bucketAt(address));
    if (loadShared(bucketField(entry)) == address) return address;
    unlockBucket(bucketAt(address));
  }
}

/**
 * futex_unqueue: takes an entry off by its own task; false where it was woken before. One that was taken off by its task
 * names its bucket still, and must not be taken off again: its neighbours would be lost with it.
 */
export function unqueueOwn(cpu: Cpu, entry: Entry): bool {
  const address = lockBucketOf(cpu, entry);
  if (address == 0) return false;
  const queued = isQueued(entry);
  if (queued) takeOff(entry);
  unlockBucket(bucketAt(address));
  return queued;
}

/** The next entry of a key from `at` on; 0 = none. */
export function nextMatch(at: u32, key: Key): u32 {
  while (at != 0 && !sameKey(keyOf(entryAt(at)), key)) at = entryAt(at).next;
  return at;
}

/** futex_top_waiter: the first one on a word. */
export function firstMatch(bucket: Bucket, key: Key): u32 {
  return nextMatch(bucket.first, key);
}
