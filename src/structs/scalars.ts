import type { DataModel } from "./dataModel.ts";

/** A C type without parts. */
export interface Scalar {
  readonly kind: "scalar";
  readonly name: string;
  /** Bytes, or which of the data model's. */
  readonly size: 1 | 2 | 4 | 8 | "word" | "kernelLong" | "time";
  /** Alignment where it is not the size's. */
  readonly align?: 8 | "compat";
}

type Shape = Omit<Scalar, "kind" | "name">;

/** Types of fixed width, by bits: the kernel's, the uapi's, C99's. */
const fixedWidths = ([8, 16, 32, 64] as const).flatMap((bits): (readonly [string, Shape])[] =>
  [`u${bits}`, `s${bits}`, `__u${bits}`, `__s${bits}`, `uint${bits}_t`, `int${bits}_t`].map(
    (name) => [name, { size: (bits / 8) as 1 | 2 | 4 | 8 }],
  ),
);

const byteOrdered = ([16, 32, 64] as const).flatMap((bits): (readonly [string, Shape])[] =>
  [`__le${bits}`, `__be${bits}`].map((name) => [name, { size: (bits / 8) as 2 | 4 | 8 }]),
);

const all = (shape: Shape, ...names: string[]): (readonly [string, Shape])[] =>
  names.map((name) => [name, shape]);

/** What a type's name stands for. C's integer types are understood with and without sign. */
const shapes: ReadonlyMap<string, Shape> = new Map([
  ...all({ size: 1 }, "char", "bool", "_Bool"),
  ...all({ size: 2 }, "short"),
  ...all({ size: 4 }, "int", "enum", "pid_t", "uid_t", "gid_t", "__kernel_pid_t", "__poll_t"),
  ...all({ size: 4 }, "__kernel_uid32_t", "__kernel_gid32_t", "old_time32_t"),
  ...all({ size: 4 }, "compat_int_t", "compat_uint_t", "compat_long_t", "compat_ulong_t"),
  ...all({ size: 4 }, "compat_uptr_t", "compat_size_t", "compat_ssize_t"),
  ...all({ size: 8 }, "long long", "loff_t", "__kernel_loff_t", "__kernel_time64_t", "time64_t"),
  ...all({ size: 8, align: "compat" }, "compat_u64", "compat_s64"),
  ...all({ size: 8, align: 8 }, "__aligned_u64", "__aligned_s64", "__aligned_le64"),
  ...all({ size: 8, align: 8 }, "__aligned_be64"),
  ...all({ size: "word" }, "long", "size_t", "ssize_t", "uintptr_t", "ptrdiff_t", "pointer"),
  ...all({ size: "word" }, "__kernel_size_t", "__kernel_ssize_t", "__kernel_ptrdiff_t"),
  ...all({ size: "kernelLong" }, "__kernel_long_t", "__kernel_ulong_t", "__kernel_off_t"),
  ...all({ size: "kernelLong" }, "__kernel_old_time_t", "__kernel_clock_t"),
  ...all({ size: "kernelLong" }, "__kernel_suseconds_t"),
  ...all({ size: "time" }, "time_t", "suseconds_t"),
  ...fixedWidths,
  ...byteOrdered,
]);

/** The names a mistaken one is compared with. */
export const scalarNames: readonly string[] = [...shapes.keys()];

/** A type by its C name; undefined where it is none. `struct node *` and the like are pointers. */
export function scalarNamed(text: string): Scalar | undefined {
  const name = text.trim().replace(/\s+/g, " ");
  const shape = shapes.get(canonical(name));
  return shape === undefined ? undefined : { kind: "scalar", name, ...shape };
}

/** Without sign, qualifiers, and the `int` that C lets one add. */
function canonical(name: string): string {
  if (name.endsWith("*")) return "pointer";
  const bare = name.replace(/^(const |volatile )+/, "").replace(/^enum \w+$/, "enum");
  if (bare === "unsigned" || bare === "signed") return "int";
  return bare
    .replace(/^(un)?signed (?=(char|short|int|long)\b)/, "")
    .replace(/(?<=(short|long)) int$/, "");
}

export function sizeOf({ size }: Scalar, model: DataModel): number {
  return typeof size === "number" ? size : model[size];
}

export function alignOf(scalar: Scalar, model: DataModel): number {
  if (scalar.align === "compat") return model.compatWideAlign;
  if (scalar.align !== undefined) return scalar.align;
  const size = sizeOf(scalar, model);
  return size === 8 ? model.wideAlign : size;
}
