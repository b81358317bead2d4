/**
 * The cost of copying n bytes, from a few measured lengths and alignments. A length or alignment that
 * was not measured is estimated, and the estimate says so.
 */

import type { CopyEvent } from "./events.ts";

/** [bytes, cost] of one measured copy. */
export type CopyPoint = readonly [bytes: number, cost: number];

/** Copies measured at one alignment of destination and source. */
export interface AlignmentClass {
  readonly toAlign: number;
  readonly fromAlign: number;
  /** In rising order of bytes, at least one. */
  readonly points: readonly CopyPoint[];
}

/** The measured copies of one routine in one direction. */
export interface CopyCurve {
  /** Path of the figures. */
  readonly key: string;
  /** The class with the most lengths: its points give the shape between and beyond the others'. */
  readonly aligned: AlignmentClass;
  readonly others: readonly AlignmentClass[];
  /** False if the cost was measured without looking at the alignment. */
  readonly alignmentMatters: boolean;
  /**
   * Length from which the routine works another way; a line is never drawn across it. 0 for a routine
   * with one way of working.
   */
  readonly breakAt: number;
}

/** An estimated or measured cost of one copy. */
export interface CopyEstimate {
  readonly cost: number;
  /** How the cost was estimated; null if this very copy was measured. */
  readonly approximation: string | null;
}

/** Alignments are told apart within this many bytes where the exact one was not measured. */
const alignmentBlock = 16;
/** Source alignments were measured in steps of this many bytes. */
const alignmentStep = 4;

/** The cost of `copy` on `curve`. */
export function copyCost(curve: CopyCurve, copy: CopyEvent): CopyEstimate {
  const measured = curve.alignmentMatters ? exactClass(curve, copy) : curve.aligned;
  const used = measured ?? nearestClass(curve, copy);
  const exact = used.points.find(([bytes]) => bytes === copy.bytes);
  const remarks = [
    measured ? null : `alignment taken as to+${used.toAlign},from+${used.fromAlign}`,
    exact ? null : `length between or beyond measured points of ${curve.key}`,
  ].filter((remark) => remark !== null);
  return {
    cost: exact ? exact[1] : interpolated(curve, used, copy.bytes),
    approximation: remarks.length > 0 ? remarks.join("; ") : null,
  };
}

function classes(curve: CopyCurve): readonly AlignmentClass[] {
  return [curve.aligned, ...curve.others];
}

function exactClass(curve: CopyCurve, copy: CopyEvent): AlignmentClass | undefined {
  return classes(curve).find(
    ({ toAlign, fromAlign }) => toAlign === copy.toAlign && fromAlign === copy.fromAlign,
  );
}

/** The routines look at the destination first, then at how source and destination lie to each other. */
function nearestClass(curve: CopyCurve, copy: CopyEvent): AlignmentClass {
  const destination = copy.toAlign % alignmentBlock;
  if (destination === 0) return curve.aligned;
  const source = Math.floor((copy.fromAlign % alignmentBlock) / alignmentStep) * alignmentStep;
  return curve.others.find(({ fromAlign }) => fromAlign === source) ?? curve.aligned;
}

/** The aligned curve at `bytes`, moved by what the class differs from it at its nearest length. */
function interpolated(curve: CopyCurve, used: AlignmentClass, bytes: number): number {
  const { points } = curve.aligned;
  const [nearest, cost] = used.points.reduce((best, point) =>
    Math.abs(point[0] - bytes) < Math.abs(best[0] - bytes) ? point : best,
  );
  const shift = used === curve.aligned ? 0 : cost - onLine(points, nearest, curve.breakAt);
  return Math.max(0, Math.round(onLine(points, bytes, curve.breakAt) + shift));
}

/** On the line through the two points around `bytes`, or the two nearest beyond the ends. */
function onLine(points: readonly CopyPoint[], bytes: number, breakAt: number): number {
  const sameWay = points.filter(([length]) => length < breakAt === bytes < breakAt);
  const above = sameWay.findIndex(([length]) => length >= bytes);
  const index = above < 0 ? sameWay.length - 1 : Math.max(above, 1);
  const [[x0, y0], [x1, y1]] = [sameWay[index - 1]!, sameWay[index]!];
  return y0 + ((bytes - x0) * (y1 - y0)) / (x1 - x0);
}
