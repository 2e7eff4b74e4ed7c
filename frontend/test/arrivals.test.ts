import { expect, test } from "vitest";

import { begin, ceiling, line, peak, runs, samples, slices } from "../src/arrivals";

test("the recorder's short answer is read, and what is no number is a gap", () => {
  const kept = [
    { s: "2.5", lu: 10 },
    { s: "unavailable", lu: 20, lc: 19 },
    { s: "", lu: 30 },
  ];
  expect(samples(kept)).toEqual([
    { at: 10_000, value: 2.5 },
    { at: 19_000, value: null },
    { at: 30_000, value: null },
  ]);
});

test("a slice is the mean by how long each value held", () => {
  const all = [
    { at: -50, value: 4 },
    { at: 75, value: 8 },
    { at: 100, value: 0 },
  ];
  expect(slices(all, 0, 200, 2)).toEqual([5, 0]);
});

test("the peak is the highest number that was shown, not the mean of a slice", () => {
  const all = [
    { at: -200, value: 9 },
    { at: -50, value: 4 },
    { at: 75, value: 8 },
    { at: 100, value: null },
    { at: 150, value: 8 },
  ];
  expect(peak(all, 0)).toEqual({ at: 75, value: 8 });
  expect(peak(all, -100)).toEqual({ at: -100, value: 9 });
  expect(peak([{ at: -50, value: 4 }], 0)).toEqual({ at: 0, value: 4 });
  expect(peak([{ at: 0, value: 0 }, { at: 5, value: null }], 0)).toBeUndefined();
  expect(peak([], 0)).toBeUndefined();
});

test("nothing is invented where nothing was recorded", () => {
  const all = [
    { at: 100, value: 3 },
    { at: 200, value: null },
  ];
  expect(slices(all, 0, 400, 4)).toEqual([null, 3, null, null]);
  expect(slices([], 0, 100, 2)).toEqual([null, null]);
});

test("a gap splits the line in two", () => {
  const found = runs([0, 10, null, 5], 300, 100, 10);
  expect(found).toEqual([
    [
      { x: 0, y: 100 },
      { x: 100, y: 0 },
    ],
    [{ x: 300, y: 50 }],
  ]);
});

test("the line goes through every point and begins where the first one is", () => {
  expect(line([{ x: 0, y: 100 }, { x: 100, y: 0 }])).toBe("M0,100C50,100 50,0 100,0");
  expect(line([{ x: 5, y: 7 }])).toBe("M5,7h1");
  expect(line([])).toBe("");
});

test("the top of the scale is round and not below the highest value", () => {
  expect([[0.2], [1.2], [7.1], [9.2], [41], [null]].map(ceiling)).toEqual([1, 2, 8, 10, 50, 1]);
});

test("the curve begins where something was recorded, spans ten minutes at least, and never more than wanted", () => {
  const hour = 3_600_000;
  const from = (at: number) => begin([{ at: -9 * hour, value: null }, { at, value: 1 }], 0, 6);
  expect(from(-2 * hour)).toBe(-2 * hour);
  expect(from(-8 * hour)).toBe(-6 * hour);
  expect(from(-1000)).toBe(-hour / 6);
  expect(begin(undefined, 0, 6)).toBe(-hour / 6);
});
