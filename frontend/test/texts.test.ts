import { expect, test } from "vitest";

import models from "../../custom_components/oveit/core/models.py?raw";
import { ago, clock, count } from "../src/format";
import { LANGUAGES, fill, reasonTexts, texts } from "../src/localize";
import { hass } from "./common";

const flat = (part: unknown, path = ""): [string, string][] =>
  typeof part === "string"
    ? [[path, part]]
    : Object.entries(part as object).flatMap(([key, value]) => flat(value, `${path}.${key}`));

const placeholders = (sentence: string) => (sentence.match(/\{\w+\}/g) ?? []).sort();

test.each(Object.keys(LANGUAGES))("%s says everything, with the same placeholders as English", (language) => {
  const english = new Map(flat(LANGUAGES.en));
  const here = flat(LANGUAGES[language]);
  expect(here.map(([key]) => key).sort()).toEqual([...english.keys()].sort());
  for (const [key, sentence] of here) {
    expect(placeholders(sentence), key).toEqual(placeholders(english.get(key)!));
    expect(sentence === "", key).toBe(english.get(key) === "");
  }
});

test("there are words for every reason the integration knows", () => {
  const reasons = /class Reason\(StrEnum\):.*?\n    @property/s.exec(models)![0].matchAll(/ = "(\w+)"/g);
  expect(Object.keys(LANGUAGES.en!.reasons).sort()).toEqual([...reasons].map(([, word]) => word).sort());
});

test("a region falls back on its language, and an unknown language on English", () => {
  expect(texts("de-CH")).toBe(LANGUAGES.de);
  expect(texts("tlh")).toBe(LANGUAGES.en);
  expect(texts(undefined)).toBe(LANGUAGES.en);
});

test("a reason of a newer version is shown as the verdict it is", () => {
  expect(reasonTexts(texts("en"), "too_late", false)).toEqual(["Not admitted", "too late"]);
});

test("numbers and times follow the person", () => {
  const now = Date.UTC(2026, 9, 10, 18, 5);
  expect(count({ ...hass(), language: "de" }, 12345.6, 1)).toBe("12.345,6");
  expect(clock(hass(), now)).toBe("18:05");
  expect(ago(hass(), now - 130_000, now)).toBe("2 minutes ago");
  expect(ago(hass(), now + 60_000, now)).toBe("now");
  expect(fill("{count} of {all}", { count: 1 })).toBe("1 of {all}");
});
