/** The full-card answer: an icon, a word, a ticket type; never a colour alone. */

import { type TemplateResult, css, html, nothing } from "lit";

import { clock } from "./format";
import type { Hass } from "./hass";
import { type Icon, icon } from "./icons";
import { fill, reasonTexts } from "./localize";
import type { Texts } from "./texts/en";
import { type Tone, type Verdict, headlineSize } from "./verdict";

export const TONE_ICONS: Record<Tone, Icon> = { admitted: "check", unsure: "unsure", refused: "close" };

/** The headline and the hint; who leaves is not welcomed, also when read again. */
export function headline(words: Texts, verdict: Verdict): [title: string, hint: string] {
  const [title, hint] = reasonTexts(words, verdict.reason, verdict.tone !== "refused");
  return [verdict.leaving && verdict.tone !== "refused" ? words.reasons.left[0]! : title, hint];
}

/** The lines below the headline, the most telling first. */
export function details(hass: Hass, words: Texts, verdict: Verdict): string[] {
  const [, hint] = headline(words, verdict);
  const said = verdict.freeFlow ? words.freeNow : hint;
  const lines = [verdict.reason === "refused" ? (verdict.message ?? hint) : said];
  if (verdict.firstAt !== undefined && verdict.tone === "refused") {
    const values = { time: clock(hass, verdict.firstAt), gate: verdict.firstGate ?? "" };
    lines[0] = fill(verdict.firstGate ? words.firstAtGate : words.firstAt, values);
  }
  if (verdict.hint) lines.push(words.hints[verdict.hint as keyof Texts["hints"]] ?? "");
  if (verdict.passback) lines.push(words.passback);
  return lines.filter(Boolean);
}

function notes(words: Texts, verdict: Verdict): string[] {
  return [
    verdict.tone === "unsure" && !verdict.freeFlow ? words.decidedHere : "",
    verdict.rehearsal ? words.rehearsal : "",
    verdict.lookUp ? words.lookUpOnly : "",
  ].filter(Boolean);
}

function addon(words: Texts, verdict: Verdict): string | undefined {
  if (!verdict.addon || verdict.addonLeft === undefined) return verdict.addon;
  return fill(words.left, { addon: verdict.addon, count: verdict.addonLeft });
}

/** The same as one sentence, for a screen reader. */
export function spoken(hass: Hass, words: Texts, verdict: Verdict): string {
  const [title] = headline(words, verdict);
  const parts = [verdict.leaving ? "" : words.tone[verdict.tone], title, verdict.ticketType, addon(words, verdict)];
  return [...parts, ...details(hass, words, verdict), ...notes(words, verdict)].filter(Boolean).join(". ");
}

export function verdictView(
  hass: Hass,
  words: Texts,
  verdict: Verdict,
  showing: boolean,
  dismiss: () => void,
): TemplateResult {
  const [title] = headline(words, verdict);
  const more = addon(words, verdict);
  return html`<div
    class="verdict ${verdict.tone}"
    ?data-showing=${showing}
    ?inert=${!showing}
    style="--fit:${headlineSize(title).toFixed(2)}"
    @click=${dismiss}
  >
    <button class="dismiss" aria-label=${words.dismiss}>${icon("close")}</button>
    <div class="sign">${icon(TONE_ICONS[verdict.tone])}</div>
    <p class="headline">${title}</p>
    ${verdict.ticketType ? html`<p class="kind">${verdict.ticketType}</p>` : nothing}
    ${more ? html`<p class="more">${more}</p>` : nothing}
    ${details(hass, words, verdict).map((detail) => html`<p class="detail">${detail}</p>`)}
    ${notes(words, verdict).map((note) => html`<p class="note">${note}</p>`)}
  </div>`;
}

export const verdictLook = css`
  .verdict {
    position: absolute;
    inset: 0;
    z-index: 1;
    container-type: size;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    padding: 12px 0;
    text-align: center;
    color: #fff;
    opacity: 0;
    visibility: hidden;
    transition:
      opacity 600ms ease,
      visibility 0s 600ms;
  }
  .verdict[data-showing] {
    opacity: 1;
    visibility: visible;
    transition: opacity 90ms ease-out;
  }
  .verdict.admitted {
    background: var(--oveit-green);
  }
  .verdict.unsure {
    background: var(--oveit-amber);
    color: #1c1300;
  }
  .verdict.refused {
    background: var(--oveit-red);
  }
  .verdict p {
    flex: none;
    padding: 0 6cqi;
    max-width: 100%;
    overflow-wrap: anywhere;
    text-wrap: balance;
  }
  .sign {
    display: grid;
    place-items: center;
    flex: 0 1 min(30cqi, 25cqb);
    min-height: 40px;
    aspect-ratio: 1;
    margin-bottom: 2.5cqb;
    border-radius: 50%;
    background: color-mix(in srgb, currentColor 16%, transparent);
  }
  .sign .icon {
    width: 62%;
    height: 62%;
  }
  .refused .sign .icon {
    width: 74%;
    height: 74%;
  }
  .headline {
    font-size: min(var(--fit) * 1cqi, 19cqb);
    font-weight: 700;
    line-height: 1.08;
    letter-spacing: -0.02em;
  }
  .kind {
    margin-top: 2cqb;
    font-size: max(20px, min(7.5cqi, 9cqb));
    font-weight: 500;
    line-height: 1.2;
  }
  .more,
  .detail {
    margin-top: 1.5cqb;
    font-size: max(16px, min(4.6cqi, 5.2cqb));
    line-height: 1.3;
  }
  .note {
    margin-top: 2.5cqb;
    font-size: max(14px, min(3.8cqi, 4.2cqb));
    font-weight: 600;
    line-height: 1.3;
  }
  .dismiss {
    position: absolute;
    inset-block-start: 8px;
    inset-inline-end: 8px;
    width: 48px;
    height: 48px;
    display: grid;
    place-items: center;
    border-radius: 50%;
    opacity: 0.75;
  }
  .dismiss:hover {
    background: color-mix(in srgb, currentColor 16%, transparent);
  }
  .verdict :focus-visible {
    outline-color: currentColor;
  }
`;
