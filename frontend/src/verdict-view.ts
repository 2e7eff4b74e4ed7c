/** The full-card answer: an icon, a word, a ticket type; never a colour alone. */

import { type TemplateResult, css, html, nothing } from "lit";

import { clock } from "./format";
import type { Hass } from "./hass";
import { type Icon, icon } from "./icons";
import { fill, reasonTexts } from "./localize";
import type { Texts } from "./texts/en";
import { type Tone, type Verdict, headlineSize, isRefusal } from "./verdict";

export const TONE_ICONS: Record<Tone, Icon> = { admitted: "check", unsure: "unsure", refused: "close", unchecked: "question" };

/** What is said first where nobody was let in by it: in a rehearsal, and where tickets are only scanned. */
export function trial(words: Texts, verdict: Verdict): string | undefined {
  if (verdict.rehearsal) return words.rehearsal[0];
  return verdict.lookUp ? words.modes.scan_only : undefined;
}

const saysSo = new Set(["no_ticket_list", "offline_refused"]);

/** The headline and the hint; only who may come in now is welcomed. */
export function headline(words: Texts, verdict: Verdict): [title: string, hint: string] {
  const [title, hint] = reasonTexts(words, verdict.reason, !isRefusal(verdict.tone));
  if (verdict.tone === "unchecked") return [words.tone.unchecked, saysSo.has(verdict.reason) ? hint : words.unchecked];
  if (verdict.tone === "refused") return [title, hint];
  if (verdict.leaving) return [words.reasons.left[0]!, hint];
  return [trial(words, verdict) ? words.would : title, hint];
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
    verdict.rehearsal ? words.rehearsal[1]! : verdict.lookUp ? words.scanned : "",
  ].filter(Boolean);
}

function addon(words: Texts, verdict: Verdict): string | undefined {
  if (!verdict.addon || verdict.addonLeft === undefined) return verdict.addon;
  return fill(words.left, { addon: verdict.addon, count: verdict.addonLeft });
}

/** The same as one sentence, for a screen reader. */
export function spoken(hass: Hass, words: Texts, verdict: Verdict): string {
  const [title] = headline(words, verdict);
  const tried = trial(words, verdict);
  const silent = verdict.leaving || verdict.tone === "unchecked" || (tried && verdict.tone !== "refused");
  const tone = silent ? "" : words.tone[verdict.tone];
  const parts = [tried, tone, title, verdict.ticketType, addon(words, verdict)];
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
  const tried = trial(words, verdict);
  return html`<div
    class="verdict ${verdict.tone} ${tried ? "trial" : ""}"
    ?data-showing=${showing}
    ?inert=${!showing}
    style="--fit:${headlineSize(tried ?? title).toFixed(2)}"
    @click=${dismiss}
  >
    <button class="dismiss" aria-label=${words.dismiss}>${icon("close")}</button>
    ${tried ? html`<p class="headline">${tried}</p>` : nothing}
    <div class="sign">${icon(TONE_ICONS[verdict.tone])}</div>
    <p class=${tried ? "outcome" : "headline"}>${title}</p>
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
    background: var(--tone);
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
    --tone: var(--oveit-green);
  }
  .verdict.unsure {
    --tone: var(--oveit-amber);
    color: #1c1300;
  }
  .verdict.refused {
    --tone: var(--oveit-red);
  }
  .verdict.unchecked {
    --tone: var(--oveit-blue);
  }
  .verdict.trial {
    border: clamp(8px, 2.2cqi, 20px) dashed var(--tone);
    border-radius: inherit;
    background: var(--card-background-color, #fff);
    color: var(--primary-text-color);
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
  .trial .sign {
    flex-basis: min(22cqi, 18cqb);
    margin-top: 2cqb;
    background: var(--tone);
    color: #fff;
  }
  .trial.unsure .sign {
    color: #1c1300;
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
  .trial .headline {
    font-size: min(var(--fit) * 1cqi, 13cqb);
  }
  .outcome {
    font-size: max(24px, min(9cqi, 9cqb));
    font-weight: 600;
    line-height: 1.15;
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
