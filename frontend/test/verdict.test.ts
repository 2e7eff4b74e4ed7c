import { describe, expect, test } from "vitest";

import { Watch, headlineSize, verdictOf } from "../src/verdict";
import { details, headline, spoken, trial } from "../src/verdict-view";
import { LANGUAGES, texts } from "../src/localize";
import { hass, state } from "./common";

const at = (seconds: number) => new Date(Date.UTC(2026, 9, 10, 18) + seconds * 1000);
const read = (seconds: number, attributes: Record<string, unknown> = {}) =>
  state("event.north_gate", at(seconds).toISOString(), {
    event_type: "admitted",
    reason: "checked_in",
    source: "oveit",
    ...attributes,
  });

describe("the colour", () => {
  test("is green when Oveit admitted", () => expect(verdictOf(read(0))?.tone).toBe("admitted"));
  test("is amber when it was decided here", () =>
    expect(verdictOf(read(0, { source: "ledger" }))?.tone).toBe("unsure"));
  test("is green for who leaves: nobody is kept in, so nothing is in question", () =>
    expect(verdictOf(read(0, { source: "ledger", reason: "left" }))?.tone).toBe("admitted"));
  test("is red for every refusal, whoever decided", () => {
    expect(verdictOf(read(0, { event_type: "refused", source: "ledger" }))?.tone).toBe("refused");
    expect(verdictOf(read(0, { event_type: "refused" }))?.tone).toBe("refused");
  });
  test("is blue for a refusal that Oveit could not be asked about (R19)", () => {
    const unasked = { event_type: "refused", source: "ledger", certain: false };
    expect(verdictOf(read(0, unasked))?.tone).toBe("unchecked");
    expect(verdictOf(read(0, { ...unasked, certain: true }))?.tone).toBe("refused");
    expect(verdictOf(read(0, { source: "ledger", certain: false }))?.tone).toBe("unsure");
  });
  test("is never green for an event type that is not known", () =>
    expect(verdictOf(read(0, { event_type: "whatever" }))?.tone).toBe("refused"));
});

test("nobody has come yet: no verdict", () => {
  expect(verdictOf(state("event.north_gate", "unknown"))).toBeUndefined();
  expect(verdictOf(undefined)).toBeUndefined();
});

test("rehearsal, look-up and the first use are told", () => {
  const verdict = verdictOf(
    read(0, { rehearsal: true, mode: "scan_only", first_checkin_at: "2026-10-10T17:00:00Z", first_checkin_gate: "South" }),
  );
  expect(verdict).toMatchObject({ rehearsal: true, lookUp: true, firstAt: at(-3600).getTime(), firstGate: "South" });
});

test("in free flow who would be refused is amber, and who has a good ticket green", () => {
  const free = { mode: "free_flow" };
  const overruled = read(0, { ...free, reason: "override", source: "ledger", overruled: "unknown_tag" });
  expect(verdictOf(overruled)).toMatchObject({ tone: "unsure", freeFlow: true });
  expect(verdictOf(read(0, free))).toMatchObject({ tone: "admitted", freeFlow: false });
});

describe("what is said", () => {
  const words = texts("en");
  const said = (attributes: Record<string, unknown>) => headline(words, verdictOf(read(0, attributes))!);

  test("to who leaves is goodbye, also when read again", () => {
    expect(said({ reason: "left", direction: "exit" })).toEqual(["Goodbye", ""]);
    expect(said({ reason: "repeat", direction: "exit" })).toEqual(["Goodbye", "Read again a moment later"]);
    expect(said({ reason: "repeat", direction: "entry" })[0]).toBe("Welcome");
  });
  test("to who cannot be checked is never that the ticket is not valid (R19)", () => {
    const unasked = { event_type: "refused", source: "ledger", certain: false };
    for (const language of Object.keys(LANGUAGES)) {
      const verdict = verdictOf(read(0, { ...unasked, reason: "unknown_tag" }))!;
      const words = texts(language);
      expect(headline(words, verdict)).toEqual([words.tone.unchecked, words.unchecked]);
      const heard = spoken(hass(), words, verdict);
      for (const fact of [words.tone.refused, ...words.reasons.unknown_tag]) expect(heard).not.toContain(fact);
    }
    const words = texts("en");
    const away = headline(words, verdictOf(read(0, { ...unasked, reason: "no_ticket_list" }))!);
    expect(away).toEqual(["Cannot be checked now", words.reasons.no_ticket_list[1]]);
  });
  test("to who leaves is not that they are let in", () => {
    const leaving = verdictOf(read(0, { reason: "left", direction: "exit" }))!;
    expect(spoken(hass(), words, leaving)).toBe("Goodbye");
    expect(spoken(hass(), words, verdictOf(read(0))!)).toBe("Admitted. Welcome");
  });
  test.each([
    ["Rehearsal", { rehearsal: true }, "Nothing is marked at Oveit"],
    ["Scan only", { mode: "scan_only" }, "Nothing was marked"],
    ["Rehearsal", { rehearsal: true, mode: "scan_only" }, "Nothing is marked at Oveit"],
  ])("welcomes nobody where nothing is marked, and says %s first", (word, how, note) => {
    const tried = verdictOf(read(0, how))!;
    expect(trial(words, tried)).toBe(word);
    expect(spoken(hass(), words, tried)).toBe(`${word}. Would be admitted. ${note}`);
    const refused = verdictOf(read(0, { ...how, event_type: "refused", reason: "wrong_event" }))!;
    expect(spoken(hass(), words, refused)).toMatch(new RegExp(`^${word}. Not admitted. Other event. `));
    expect(trial(words, verdictOf(read(0))!)).toBeUndefined();
  });
  test("holds a hint for the steward, if it is one that has words", () => {
    const refused = { event_type: "refused", reason: "unknown_tag" };
    const told = (hint: string) => details(hass(), words, verdictOf(read(0, { ...refused, hint }))!);
    expect(told("phone")).toHaveLength(2);
    expect(told("phone")[1]).toContain("Perhaps a phone");
    expect(told("telepathy")).toHaveLength(1);
  });
});

test.each(Object.keys(LANGUAGES))("every hint of a gate has words in %s", (language) => {
  expect(Object.keys(LANGUAGES[language]!.hints).sort()).toEqual(["main_entry_first", "never_entered", "phone"]);
});

describe("a verdict is shown", () => {
  const hours = (count: number) => at(0).getTime() + count * 3_600_000;

  test("when it comes in, even if the tablet's clock is hours off", () => {
    const watch = new Watch();
    watch.observe(read(0), true, hours(5));
    expect(watch.observe(read(1), true, hours(5))?.at).toBe(at(1).getTime());
  });
  test("once, however often the state is looked at", () => {
    const watch = new Watch();
    watch.observe(read(0), true, hours(1));
    watch.observe(read(1), true, hours(1));
    expect(watch.observe(read(1), true, hours(1))).toBeUndefined();
  });
  test("for the very first guest", () => {
    const watch = new Watch();
    watch.observe(state("event.north_gate", "unknown"), true, hours(1));
    expect(watch.observe(read(1), true, hours(1))).toBeDefined();
  });
  test("when the page opens a moment after the read", () =>
    expect(new Watch().observe(read(0), true, at(3).getTime())).toBeDefined());
  test("not when the page opens long after the read", () =>
    expect(new Watch().observe(read(0), true, hours(1))).toBeUndefined());
  test("not when an old one comes back after Home Assistant restarted", () => {
    const watch = new Watch();
    watch.observe(state("event.north_gate", "unavailable"), true, hours(1));
    expect(watch.observe(read(0), true, hours(1))).toBeUndefined();
  });
  test("not when it was missed while the line to Home Assistant was down", () => {
    const watch = new Watch();
    watch.observe(read(0), true, hours(1));
    watch.observe(read(0), false, hours(1));
    expect(watch.observe(read(60), true, hours(1))).toBeUndefined();
  });
});

test("every headline fits the width of the card in at most three lines", () => {
  const titles = Object.values(LANGUAGES).flatMap((words) => [
    ...Object.values(words.reasons).map(([title]) => title!),
    words.rehearsal[0]!,
    words.modes.scan_only,
  ]);
  expect(titles.length).toBe(6 * 22);
  for (const title of titles) {
    const size = headlineSize(title);
    const longest = Math.max(...title.split(" ").map((word) => word.length));
    expect(size, title).toBeGreaterThanOrEqual(6);
    if (!/[\u3000-\uffff]/.test(title)) expect(longest * 0.6 * size, title).toBeLessThanOrEqual(88);
  }
});
