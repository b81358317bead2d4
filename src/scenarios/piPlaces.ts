import type { Machine } from "../machine/machine.ts";
import { Futex } from "../systems/futex/futex.ts";
import { FIRST_WORD, SECOND_WORD, placeWord, spoilPage } from "./futexBed.ts";
import { addressOfPlace, pageOfPlace, wordPlaceNames, type WordPlace } from "./wordPlaces.ts";

/** Every call on PI locks with every kind of address. */

/** Two threads, and the addresses that a call gets: of a word that is free, and of a second one. */
interface Passed {
  readonly futex: Futex;
  readonly at: bigint;
  readonly at2: bigint;
  readonly scope: { readonly private: boolean };
}

/** The calls; the tested word is the first, or the second one where the name says so. */
const calls = [
  {
    name: "LOCK_PI",
    word: 1,
    owned: false,
    call: ({ futex, at, scope }: Passed) => futex.lockPi(at, scope),
  },
  {
    name: "LOCK_PI, own",
    word: 1,
    owned: true,
    call: ({ futex, at, scope }: Passed) => futex.lockPi(at, scope),
  },
  {
    name: "TRYLOCK_PI",
    word: 1,
    owned: false,
    call: ({ futex, at, scope }: Passed) => futex.trylockPi(at, scope),
  },
  {
    name: "UNLOCK_PI, own",
    word: 1,
    owned: true,
    call: ({ futex, at, scope }: Passed) => futex.unlockPi(at, scope),
  },
  {
    name: "UNLOCK_PI",
    word: 1,
    owned: false,
    call: ({ futex, at, scope }: Passed) => futex.unlockPi(at, scope),
  },
  {
    name: "WAIT_REQUEUE_PI, word 1",
    word: 1,
    owned: false,
    call: ({ futex, at, at2, scope }: Passed) => futex.waitRequeuePi(at, at2, 0, expired(scope)),
  },
  {
    name: "WAIT_REQUEUE_PI, word 2",
    word: 2,
    owned: false,
    call: ({ futex, at, at2, scope }: Passed) => futex.waitRequeuePi(at, at2, 0, expired(scope)),
  },
  {
    name: "CMP_REQUEUE_PI, word 1",
    word: 1,
    owned: false,
    call: ({ futex, at, at2, scope }: Passed) => futex.cmpRequeuePi(at, at2, 0, scope),
  },
  {
    name: "CMP_REQUEUE_PI, word 2",
    word: 2,
    owned: false,
    call: ({ futex, at, at2, scope }: Passed) => futex.cmpRequeuePi(at, at2, 0, scope),
  },
] as const;

export type PiPlaceCall = (typeof calls)[number]["name"];

/** Nobody sleeps for ever here: −ETIMEDOUT says that the call came to its sleep. */
function expired<Scope extends object>(scope: Scope): Scope & { readonly timeout: number } {
  return { ...scope, timeout: 0 };
}

/** What one call answers with an address of one kind. */
export interface PiPlaceRow {
  readonly call: PiPlaceCall;
  readonly private: boolean;
  readonly place: WordPlace;
  readonly result: number;
  /** Page faults taken. */
  readonly faults: number;
}

/** A row for each call and place, each on a machine of its own. */
export function piPlaceRows(fresh: () => Machine): PiPlaceRow[] {
  return [true, false].flatMap((isPrivate) =>
    calls.flatMap((call) =>
      wordPlaceNames.map((place) => {
        const scope = { private: isPrivate };
        const counted = answerOf(fresh(), call, place, scope);
        return { call: call.name, ...scope, place, ...counted };
      }),
    ),
  );
}

function answerOf(
  machine: Machine,
  { word, owned, call }: (typeof calls)[number],
  place: WordPlace,
  scope: { readonly private: boolean },
): Pick<PiPlaceRow, "result" | "faults"> {
  const futex = new Futex(machine.createTask());
  const { task } = futex;
  const [tested, other] = word === 1 ? [FIRST_WORD, SECOND_WORD] : [SECOND_WORD, FIRST_WORD];
  placeWord(task, tested, "present", owned ? task.id : 0);
  placeWord(task, other, "present", 0);
  // where its times lie is mapped by the first call
  futex.wait(other, 1, expired(scope));
  spoilPage(task, tested, pageOfPlace(place));
  const given = addressOfPlace(machine, tested, place);
  const [at, at2] = word === 1 ? [given, BigInt(other)] : [BigInt(other), given];
  const before = machine.counters().faults;
  const result = call({ futex, at, at2, scope });
  return { result, faults: machine.counters().faults - before };
}
