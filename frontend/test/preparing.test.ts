import { expect, test } from "vitest";

import { progressOf } from "../src/preparing";
import { state } from "./common";

const CHANGED = Date.UTC(2026, 9, 10, 18);
const coverage = (attributes: Record<string, unknown>) => state("sensor.night_offline_coverage", "50", attributes);
const minutes = (count: number) => CHANGED + count * 60_000;

test.each(["running", "paused"])("learning that is %s is shown, however far it is", (preparation) => {
  for (const known of [0, 40, 100]) {
    const shown = progressOf(coverage({ preparation, known }), 100, minutes(60));
    expect(shown).toEqual({ status: preparation, known, tickets: 100 });
  }
});

test.each(["stopped", "finished"])("learning that was %s before all was known stays in sight", (preparation) => {
  expect(progressOf(coverage({ preparation, known: 99 }), 100, minutes(60))?.known).toBe(99);
});

test("that all is known is told for ten minutes", () => {
  const all = coverage({ preparation: "finished", known: 100 });
  expect(progressOf(all, 100, minutes(9))?.status).toBe("finished");
  expect(progressOf(all, 100, minutes(11))).toBeUndefined();
});

test("where nobody asked for it, or nothing is known of it, nothing is shown", () => {
  expect(progressOf(coverage({ preparation: null, known: 3 }), 100, CHANGED)).toBeUndefined();
  expect(progressOf(coverage({ preparation: "dreaming", known: 3 }), 100, CHANGED)).toBeUndefined();
  expect(progressOf(coverage({ preparation: "running" }), 100, CHANGED)).toBeUndefined();
  expect(progressOf(coverage({ preparation: "running", known: 0 }), 0, CHANGED)).toBeUndefined();
  expect(progressOf(undefined, 100, CHANGED)).toBeUndefined();
});
