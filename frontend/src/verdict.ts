/** What a gate decided, and whether it is new enough to show. */

import { type State, known, text } from "./hass";

export type Tone = "admitted" | "unsure" | "refused" | "unchecked";

export interface Verdict {
  tone: Tone;
  reason: string;
  at: number;
  ticketType?: string;
  addon?: string;
  addonLeft?: number;
  gate?: string;
  codeEnd?: string;
  message?: string;
  firstAt?: number;
  firstGate?: string;
  hint?: string;
  leaving: boolean;
  passback: boolean;
  rehearsal: boolean;
  lookUp: boolean;
  freeFlow: boolean;
}

const FRESH = 10_000;

function tone(attributes: Record<string, unknown>): Tone {
  if (attributes.event_type !== "admitted") return attributes.certain === false ? "unchecked" : "refused";
  const isUnsure = attributes.source === "ledger" && attributes.reason !== "left";
  return isUnsure ? "unsure" : "admitted";
}

export const isRefusal = (tone: Tone): boolean => tone === "refused" || tone === "unchecked";

/** Reads a verdict off an event entity; nothing where nobody has come yet. */
export function verdictOf(state: State | undefined): Verdict | undefined {
  if (!known(state)) return undefined;
  const { attributes } = state!;
  const at = Date.parse(state!.state);
  const reason = text(attributes.reason);
  if (!Number.isFinite(at) || !reason) return undefined;
  const firstAt = Date.parse(text(attributes.first_checkin_at) ?? "");
  return {
    tone: tone(attributes),
    reason,
    at,
    ticketType: text(attributes.ticket_type),
    addon: text(attributes.addon),
    addonLeft: typeof attributes.addon_left === "number" ? attributes.addon_left : undefined,
    gate: text(attributes.gate),
    codeEnd: text(attributes.code_end),
    message: text(attributes.message),
    firstAt: Number.isFinite(firstAt) ? firstAt : undefined,
    firstGate: text(attributes.first_checkin_gate),
    hint: text(attributes.hint),
    leaving: attributes.direction === "exit" || reason === "left",
    passback: attributes.passback === true,
    rehearsal: attributes.rehearsal === true,
    lookUp: attributes.mode === "scan_only",
    freeFlow: attributes.mode === "free_flow" && reason === "override",
  };
}

/**
 * Tells new verdicts from old ones. While the line to Home Assistant holds, whatever changes is new, so a
 * tablet's wrong clock does no harm; what is there after a reload, a restart or a break is new only by the clock.
 */
export class Watch {
  private last?: number;
  private live = false;

  observe(state: State | undefined, connected: boolean, now: number): Verdict | undefined {
    const verdict = verdictOf(state);
    const wasLive = this.live;
    this.live = connected && state !== undefined && state.state !== "unavailable";
    if (!verdict || verdict.at === this.last) return undefined;
    this.last = verdict.at;
    return wasLive || Math.abs(now - verdict.at) < FRESH ? verdict : undefined;
  }
}

const wide = (character: string): boolean => character.codePointAt(0)! > 0x2e7f;

/** How large a headline may be, in hundredths of the card's width, to be read from afar and not cut off. */
export function headlineSize(headline: string): number {
  const words = headline.split(/\s+/);
  const width = (word: string) =>
    [...word].reduce((sum, character) => sum + (wide(character) ? 1 : 0.6), 0);
  const longest = Math.max(...words.map((word) => (wide(word[0] ?? "a") ? 4 : width(word))));
  const whole = width(headline);
  return Math.max(6, Math.min(17, 84 / longest, (2 * 80) / Math.max(whole, 1)));
}
