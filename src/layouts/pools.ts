import { FaultlineError } from "../base/errors.ts";
import { hugePageSizes, type HugePageSize } from "../machine/hugePages.ts";
import type { Machine } from "../machine/machine.ts";
import type { Area } from "./area.ts";
import { leafBytes, PAGE } from "./check.ts";
import { countPages } from "./pages.ts";

/** The machine's pools of huge pages, made larger by what a layout's areas need. */
export class LayoutPools {
  readonly #machine: Machine;
  readonly #before = new Map<HugePageSize, number>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Room for an area to be mapped, and for a copy of each page that it will share with a child.
   * @throws FaultlineError "no-memory" where RAM has not so many huge pages
   */
  makeRoom(area: Area): void {
    const size = hugePageSizes.find((one) => one === area.leaf)!;
    const { total, free, reserved } = this.#machine.hugePages(size);
    if (!this.#before.has(size)) this.#before.set(size, total);
    const missing = pagesNeeded(area) - (free - reserved);
    if (missing <= 0) return;
    const got = this.#machine.setHugePages(size, total + missing);
    if (got >= total + missing) return;
    const problem = `RAM has ${got - total} of ${missing} more pages of ${size} for the pool`;
    throw new FaultlineError("no-memory", problem);
  }

  /** As they were, as far as nobody else uses them now. */
  giveBack(): void {
    for (const [size, total] of this.#before) this.#machine.setHugePages(size, total);
  }
}

function pagesNeeded({ start, end, leaf, lists }: Area): number {
  const each = leafBytes(leaf);
  return Number((end - start) / each) + Number((BigInt(countPages(lists.cow)) * PAGE) / each);
}
