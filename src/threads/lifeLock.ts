/**
 * A lock of the host's own (Web Locks) that a thread has while it lives: whatever ends the thread, the host gives the lock
 * to the next who asks, and that is who watches. Browsers have them wherever memory can be shared, Node from 24 on.
 */

/** What this thread's host has; undefined where it has none. */
function hostLocks(): LockManager | undefined {
  return (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
}

/**
 * Does `work`, which ends with the thread, under a lock, and tells the watcher its name through the port. Where the host
 * has no locks, or refuses one (an opaque origin), the work is done without.
 */
export function workForLife(port: MessagePort, work: () => void): void {
  const locks = hostLocks();
  if (locks === undefined) return work();
  const name = `faultline ${crypto.randomUUID()}`;
  void locks
    .request(name, () => {
      port.postMessage(name);
      work();
    })
    .catch(work);
}

/** Calls `tell` when the thread's life is over that told the name. */
export function awaitEndOf(name: string, tell: () => void): void {
  void hostLocks()?.request(name, tell);
}
