/** The curve of arrivals: from what the recorder kept to a line. */

export interface Sample {
  at: number;
  value: number | null;
}

export interface Kept {
  s: string;
  lu?: number;
  lc?: number;
}

/** Reads samples off the recorder's answer; what is not a number is a gap. */
export function samples(kept: Kept[]): Sample[] {
  return kept.map(({ s, lu, lc }) => {
    const value = s.trim() === "" ? NaN : Number(s);
    return { at: (lc ?? lu ?? 0) * 1000, value: Number.isFinite(value) ? value : null };
  });
}

const SHORTEST = 10 * 60_000;

/** Where the curve begins: as far back as wanted, but not long before there was anything to show. */
export function begin(all: Sample[] | undefined, now: number, hours: number): number {
  const first = all?.find(({ value }) => value !== null)?.at ?? now;
  return Math.max(now - hours * 3_600_000, Math.min(first, now - SHORTEST));
}

/** The mean of each of `count` slices of time, weighed by how long each value held; null for a gap. */
export function slices(all: Sample[], from: number, to: number, count: number): (number | null)[] {
  const width = (to - from) / count;
  const sums = new Array<number>(count).fill(0);
  const weights = new Array<number>(count).fill(0);
  all.forEach(({ at, value }, index) => {
    if (value === null) return;
    const start = Math.max(at, from);
    const end = Math.min(all[index + 1]?.at ?? to, to);
    for (let slice = Math.floor((start - from) / width); slice < count; slice++) {
      const left = from + slice * width;
      if (left >= end) break;
      const held = Math.min(end, left + width) - Math.max(start, left);
      if (held <= 0) continue;
      sums[slice]! += value * held;
      weights[slice]! += held;
    }
  });
  return sums.map((sum, slice) => (weights[slice]! > 0 ? sum / weights[slice]! : null));
}

/** The highest value since a moment, and when it was reached. */
export function peak(all: Sample[], from: number): { at: number; value: number } | undefined {
  let highest: { at: number; value: number } | undefined;
  for (const [index, { at, value }] of all.entries()) {
    const lasted = (all[index + 1]?.at ?? Infinity) > from;
    if (value !== null && lasted && value > (highest?.value ?? 0)) highest = { at: Math.max(at, from), value };
  }
  return highest;
}

export interface Point {
  x: number;
  y: number;
}

/** Splits the values into runs of points without a gap; y grows downwards. */
export function runs(values: (number | null)[], width: number, height: number, top: number): Point[][] {
  const step = width / Math.max(values.length - 1, 1);
  const found: Point[][] = [];
  let open = false;
  values.forEach((value, index) => {
    if (value === null) {
      open = false;
      return;
    }
    if (!open) found.push([]);
    open = true;
    found.at(-1)!.push({ x: index * step, y: height - (value / top) * height });
  });
  return found;
}

const fixed = (value: number): string => String(Math.round(value * 100) / 100);

/** A smooth line through the points that never leaves the span between two neighbours. */
export function line(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${fixed(first.x)},${fixed(first.y)}`;
  let before = first;
  if (rest.length === 0) return `${path}h1`;
  for (const point of rest) {
    const middle = (before.x + point.x) / 2;
    path += `C${fixed(middle)},${fixed(before.y)} ${fixed(middle)},${fixed(point.y)} ${fixed(point.x)},${fixed(point.y)}`;
    before = point;
  }
  return path;
}

/** A round number at or above the highest value, for the top of the scale. */
export function ceiling(values: (number | null)[]): number {
  const highest = Math.max(0, ...values.map((value) => value ?? 0));
  if (highest <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((top) => top >= highest)!;
}
