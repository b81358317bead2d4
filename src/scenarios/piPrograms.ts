/** Programs that come with the scenario: each shows one thing that a change to PI futexes can break. */
export const piPrograms = [
  {
    name: "inversion",
    meaning: "a task of middle priority is ready while the highest waits for the lowest",
    tasks: "low:1,mid:10,high:20",
    program: "low lock; high lock; low unlock; high unlock",
  },
  {
    name: "hand-over",
    meaning: "who unlocks gives the lock to the highest priority, among equals to the first",
    tasks: "A,B,C:5,D:9,E:9",
    program:
      "A lock; B lock; C lock; D lock; E lock; A unlock; D unlock; E unlock; C unlock; B unlock",
  },
  {
    name: "chain",
    meaning: "a priority is lent along a chain of locks, and given back where a waiter gives up",
    tasks: "A:1,B:5,C:30",
    program: "A lock m; B lock n; B lock m; C lock n for 1000; clock 1000; A unlock m; B unlock n",
  },
  {
    name: "deadlock",
    meaning: "the second of two that wait for each other is refused, and so is one's own lock",
    tasks: "A,B",
    program: "A lock m; B lock n; A lock n; B lock m; B lock n; B unlock n; A unlock n",
  },
  {
    name: "trylock",
    meaning: "TRYLOCK_PI of a held lock leaves FUTEX_WAITERS behind, and UNLOCK_PI takes it off",
    tasks: "A,B",
    program: "A lock; B trylock; B unlock; A unlock; B trylock; B unlock",
  },
  {
    name: "time-limits",
    meaning: "LOCK_PI's end is on realtime, LOCK_PI2's where it says",
    tasks: "A,B:5,C:5,D:5",
    program:
      "A lock; B lock for 1000; C lock2 for 2000; D lock2 for 3000 realtime; clock 1000; clock 1000; clock 1000; A unlock",
  },
  {
    name: "owner-dies",
    meaning: "the lock of a task that ends goes to a waiter; without one it is lost",
    tasks: "A,B:5,C",
    program: "A lock m; A lock n; B lock m; A exit; C lock n; B unlock m",
  },
  {
    name: "robust",
    meaning: "a robust list marks the lock of a task that ends, with a waiter and without",
    tasks: "A,B,C:5",
    program: "A lock; A robust; A exit; B lock; B robust; C lock; B exit; C unlock",
  },
  {
    name: "requeue",
    meaning: "sleepers on a condition are moved to its lock by priority, boosting who holds it",
    tasks: "A,B:5,C:9,D",
    program:
      "B wait cond m; C wait cond m; D wait cond m; A lock m; A requeue cond m; A unlock m; C unlock m; B unlock m; D unlock m",
  },
  {
    name: "requeue-free",
    meaning: "where the lock is free, the first sleeper gets it at once",
    tasks: "A,B,C",
    program: "B wait cond m; C wait cond m for 1000; A requeue cond m; clock 1000; B unlock m",
  },
  {
    name: "bad-words",
    meaning: "words that say what is not so",
    tasks: "A,B",
    program:
      "A store m 12345; B lock m; A store m 0; A lock m; B lock m; A store m B; A unlock m; A store m A; A unlock m; B unlock m",
  },
  {
    name: "pages",
    meaning: "LOCK_PI repairs what can be repaired; one's own lock is read before it is written",
    tasks: "A,B",
    program:
      "page m absent; A lock m; page m read-only; A lock m; A unlock m; B lock m; page m no-access; A unlock m; page m unmapped; B lock m",
  },
] as const;

export type PiProgramName = (typeof piPrograms)[number]["name"];

export const piProgramNames: readonly PiProgramName[] = piPrograms.map(({ name }) => name);
