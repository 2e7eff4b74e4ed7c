/** The words of the cards, in the person's language where we have it. */

import { de } from "./texts/de";
import { en, type Reason, type Texts } from "./texts/en";
import { es } from "./texts/es";
import { fr } from "./texts/fr";
import { ja } from "./texts/ja";
import { nl } from "./texts/nl";

export const LANGUAGES: Record<string, Texts> = { en, de, es, fr, ja, nl };

export function texts(language: string | undefined): Texts {
  return LANGUAGES[(language ?? "en").toLowerCase().split("-")[0]!] ?? en;
}

/** The texts of the page, for where no `hass` is at hand. */
export const pageTexts = (): Texts => texts(document.documentElement.lang);

export function fill(sentence: string, values: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}

/** The headline and the hint for a reason; one we do not know yet is shown as the plain verdict. */
export function reasonTexts(words: Texts, reason: string, admitted: boolean): [string, string] {
  const [title, hint] = words.reasons[reason as Reason] ?? [
    admitted ? words.tone.admitted : words.tone.refused,
    reason.replaceAll("_", " "),
  ];
  return [title!, hint!];
}
