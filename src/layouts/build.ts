import { checkThat } from "../base/checks.ts";
import { errnoNameOf, errnos } from "../base/errno.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import type { Advice } from "../machine/advice.ts";
import type { UserFile } from "../machine/file.ts";
import { madeMachine, type Machine } from "../machine/machine.ts";
import { storeByProgram } from "../machine/programAccess.ts";
import type { Task, TaskOptions } from "../machine/task.ts";
import { isOwnMemory, type Area, type AreaFile } from "./area.ts";
import { PAGE } from "./check.ts";
import { fillWords } from "./content.ts";
import { MemoryLayout } from "./layout.ts";
import { checkLimits, checkRam } from "./limits.ts";
import { LayoutPools } from "./pools.ts";
import type { PageRange } from "./pages.ts";

const pageBytes = Number(PAGE);

/** What a layout became on a machine. */
export interface BuiltLayout {
  /** Whose address space it is. */
  readonly task: Task;
  /** Who shares the cow pages; null where there are none. It runs on no CPU. */
  readonly child: Task | null;
  /** The files that the layout names, by their names. */
  readonly files: ReadonlyMap<string, UserFile>;
}

const madeLayout = checkThat(
  "a layout from parseLayout()",
  (value) => value instanceof MemoryLayout,
);

/**
 * A new task with the address space that a layout describes. The machine's pools of huge pages become large enough for
 * it, and stay so when the task ends (`machine.setHugePages`).
 * @param options the task's, as machine.createTask has them
 * @throws UsageError, naming the area, for what the machine cannot have; nothing is left behind then
 */
export function buildLayout(
  machine: Machine,
  layout: MemoryLayout,
  options: TaskOptions = {},
): BuiltLayout {
  madeMachine("machine", machine);
  madeLayout("layout", layout);
  checkLimits(machine, layout);
  checkRam(machine, layout);
  const builder = new LayoutBuilder(machine, layout, machine.createTask(options));
  try {
    return builder.build();
  } catch (error) {
    builder.giveBack();
    throw error;
  }
}

/** Builds a layout step by step. */
class LayoutBuilder {
  readonly #machine: Machine;
  readonly #layout: MemoryLayout;
  readonly #task: Task;
  readonly #files = new Map<Area | string, UserFile>();
  readonly #pools: LayoutPools;
  #child: Task | null = null;

  constructor(machine: Machine, layout: MemoryLayout, task: Task) {
    this.#machine = machine;
    this.#layout = layout;
    this.#task = task;
    this.#pools = new LayoutPools(machine);
  }

  build(): BuiltLayout {
    this.#each((area) => this.#map(area));
    this.#each((area) => this.#store(area, area.lists.cow));
    this.#fork();
    this.#each((area) => this.#touch(area));
    this.#each((area) => this.#finish(area));
    return { task: this.#task, child: this.#child, files: this.#namedFiles() };
  }

  /** Nobody can ask for a file without a name: its mapping keeps it. */
  #namedFiles(): ReadonlyMap<string, UserFile> {
    const named = new Map<string, UserFile>();
    for (const [key, file] of this.#files) {
      if (typeof key === "string") named.set(key, file);
      else file.close();
    }
    return named;
  }

  get #areas(): readonly Area[] {
    return this.#layout.areas.filter(({ kind }) => kind !== "hole");
  }

  #each(step: (area: Area) => void): void {
    for (const area of this.#areas) this.#on(area, () => step(area));
  }

  /** What the modelled kernel refuses is said with the area's name. */
  #on(area: Area, step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof FaultlineError) || error instanceof UsageError) throw error;
      const problem = `cannot be built: ${error.message}`;
      throw new UsageError(
        { argument: area.name, problem, valid: remedy(this.#machine, error) },
        { cause: error },
      );
    }
  }

  /** Before any other page is there, so that nothing but the cow pages is shared. */
  #fork(): void {
    const area = this.#areas.find(({ lists }) => lists.cow.length > 0);
    if (area !== undefined) this.#on(area, () => void (this.#child = this.#task.fork()));
  }

  /** With the rights that its pages' owner needs to make them what they shall be. */
  #map(area: Area): void {
    const { start: at, end, kind, flags, access, leaf } = area;
    const place = { at, length: end - at, protection: buildersRights(area) };
    if (kind === "device") {
      const kindOfArea = flags.has("mixed") ? "mixed" : "pfn";
      this.#task.mapDevice({ ...place, area: kindOfArea, accessBytes: access });
      return;
    }
    if (kind === "hugetlb") this.#pools.makeRoom(area);
    const file = this.#fileOf(area);
    this.#task.map({
      ...place,
      shared: kind === "shared" || kind === "secret" || flags.has("shared"),
      growsDown: kind === "stack",
      ...(file && { file, filePage: Number((area.file?.offset ?? 0n) / PAGE) }),
      pageSize: leaf,
      hugetlb: kind === "hugetlb",
    });
    if (flags.has("thp")) this.#advise(area, [0, pagesOf(area) - 1], "hugepage");
  }

  #fileOf(area: Area): UserFile | undefined {
    const { kind, file, end, start } = area;
    if (kind === "secret") return this.#open(area, () => this.#create(end - start, "secret"));
    if (file === null) return undefined;
    return this.#open(file.name ?? area, () => this.#createFilled(area, file));
  }

  #open(key: Area | string, create: () => UserFile): UserFile {
    const file = this.#files.get(key) ?? create();
    this.#files.set(key, file);
    return file;
  }

  #create(
    size: bigint,
    backing: "secret" | "dax" | AreaFile["backing"],
    leaf: Area["leaf"] = "4K",
  ): UserFile {
    return this.#machine.createFile(size, leaf, backing);
  }

  /** A file of small pages is in the page cache as a whole; large folios come as they are touched. */
  #createFilled({ leaf }: Area, { size, backing }: AreaFile): UserFile {
    const file = this.#create(size, leaf === "1G" ? "dax" : backing, leaf);
    if (leaf === "4K") fillOrClose(file, Number(size));
    return file;
  }

  #touch(area: Area): void {
    const { dirty, zero, touched } = area.lists;
    this.#store(area, dirty);
    this.#load(area, zero);
    if (isOwnMemory(area)) this.#store(area, touched);
    else this.#load(area, touched);
  }

  /** The program stores to pages: each word of them its own address. */
  #store(area: Area, ranges: readonly PageRange[]): void {
    const bytes = new Uint8Array(pageBytes);
    eachPage(area, ranges, (at) => {
      fillWords(bytes, at);
      if (storeByProgram(this.#task, at, bytes) !== null) throw noPage(area, at);
    });
  }

  #load(area: Area, ranges: readonly PageRange[]): void {
    eachPage(area, ranges, (at) => {
      if (!this.#task.touch(at, "read")) throw noPage(area, at);
    });
  }

  #finish(area: Area): void {
    const { start, end, flags } = area;
    const rights = lettersOf(area);
    for (const range of area.lists.guard) this.#advise(area, range, "guard_install");
    const length = end - start;
    if (rights !== buildersRights(area)) {
      this.#require("mprotect", this.#task.protect(start, length, rights));
    }
    if (flags.has("uffd")) this.#require("userfaultfd", this.#task.registerMissing(start, length));
    if (flags.has("locked")) this.#require("mlock2", this.#task.lockOnFault(start, length));
    if (flags.has("sealed")) this.#require("mseal", this.#task.seal(start, length));
  }

  #advise(area: Area, [first, last]: PageRange, advice: Advice): void {
    const at = area.start + BigInt(first) * PAGE;
    this.#require("madvise", this.#task.advise(at, BigInt(last - first + 1) * PAGE, advice));
  }

  #require(call: string, result: number): void {
    if (result === 0) return;
    const message = `${call} gave -${errnoNameOf(-result)}`;
    throw new FaultlineError("refused", message, { errno: -result });
  }

  giveBack(): void {
    this.#child?.exit();
    this.#task.exit();
    for (const file of this.#files.values()) file.close();
    this.#pools.giveBack();
  }
}

/** The rights are there and no page lies past a file's end: nothing but RAM can be missing. */
function noPage({ leaf }: Area, at: bigint): FaultlineError {
  const lack = leaf === "4K" ? "is full" : `has no ${leaf} in one piece`;
  return new FaultlineError("no-memory", `no page can be at 0x${at.toString(16)}: RAM ${lack}`);
}

/** What would help: RAM only where RAM was missing. */
function remedy({ shape }: Machine, { code, errno }: FaultlineError): string {
  if (code !== "no-memory" && errno !== errnos.ENOMEM) return "what the kernel does not refuse";
  return shape.ramBytes === coreConstants.MAX_RAM
    ? "less memory: no machine has more RAM"
    : "less memory, or a machine with more RAM";
}

function fillOrClose(file: UserFile, size: number): void {
  try {
    for (let at = 0; at < size; at += pageBytes) {
      fillWords(file.page(at / pageBytes).subarray(0, size - at), BigInt(at));
    }
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Letters of a protection as an mmap takes them. */
function lettersOf({ protection }: Area): string {
  return protection.replaceAll("-", "");
}

function pagesOf({ start, end }: Area): number {
  return Number((end - start) / PAGE);
}

/** The area's rights, and what its owner needs besides to make the pages what they shall be. */
function buildersRights(area: Area): string {
  const { dirty, cow, zero, touched } = area.lists;
  const stored = dirty.length + cow.length + (isOwnMemory(area) ? touched.length : 0);
  const loaded = zero.length + touched.length;
  const rights = lettersOf(area);
  if (stored > 0 && !rights.includes("w")) return `${rights}w`;
  return loaded > 0 && rights === "" ? "r" : rights;
}

function eachPage({ start }: Area, ranges: readonly PageRange[], use: (at: bigint) => void): void {
  for (const [first, last] of ranges) {
    for (let page = first; page <= last; page++) use(start + BigInt(page) * PAGE);
  }
}
