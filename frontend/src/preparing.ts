/** How far the learning of tags is, and whether it is worth a line on the card. */

import type { State } from "./hass";
import type { Texts } from "./texts/en";

export interface Progress {
  status: keyof Texts["preparing"];
  known: number;
  tickets: number;
}

const STATUSES = new Set(["running", "paused", "stopped", "finished"]);
const JUST_NOW = 10 * 60_000;

/** What to show: what is under way or incomplete, and for a while that all is known. */
export function progressOf(state: State | undefined, tickets: number | undefined, now: number): Progress | undefined {
  const { preparation: status, known } = state?.attributes ?? {};
  if (!state || !tickets || typeof known !== "number" || !STATUSES.has(status as string)) return undefined;
  const isOver = known >= tickets && status !== "running" && status !== "paused";
  if (isOver && now - Date.parse(state.last_changed) > JUST_NOW) return undefined;
  return { status: status as Progress["status"], known, tickets };
}
