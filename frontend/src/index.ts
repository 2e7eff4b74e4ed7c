/** Makes the cards and the dashboard known to Home Assistant. */

import { OveitEventCard } from "./event-card";
import { eventOf, gateOf } from "./find";
import { OveitGateCard } from "./gate-card";
import type { Hass } from "./hass";
import { pageTexts } from "./localize";
import { OveitDashboardStrategy, OveitViewStrategy } from "./strategy";

const DOCUMENTATION = "https://github.com/oveit-home-assistant/oveit/blob/main/docs/dashboard.md";

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "oveit-gate-card": OveitGateCard,
  "oveit-event-card": OveitEventCard,
  "ll-strategy-dashboard-oveit": OveitDashboardStrategy,
  "ll-strategy-view-oveit": OveitViewStrategy,
};

for (const [tag, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(tag)) customElements.define(tag, element);
}

/** Offers a card for the entities that stand for it; the card itself wants the first of them. */
function suggest(type: string, picked: string, [entity, ...others]: (string | undefined)[]) {
  const fits = entity !== undefined && [entity, ...others].includes(picked);
  return fits ? { config: { type: `custom:${type}`, entity } } : null;
}

const cards = [
  {
    type: "oveit-gate-card",
    get name() {
      return pageTexts().cards.gate[0];
    },
    get description() {
      return pageTexts().cards.gate[1];
    },
    preview: true,
    documentationURL: DOCUMENTATION,
    getEntitySuggestion: (hass: Hass, picked: string) => {
      const gate = gateOf(hass, picked);
      return suggest("oveit-gate-card", picked, [gate?.event, gate?.mode]);
    },
  },
  {
    type: "oveit-event-card",
    get name() {
      return pageTexts().cards.event[0];
    },
    get description() {
      return pageTexts().cards.event[1];
    },
    preview: true,
    documentationURL: DOCUMENTATION,
    getEntitySuggestion: (hass: Hass, picked: string) => {
      const event = eventOf(hass, picked);
      return suggest("oveit-event-card", picked, [event?.checkedIn, event?.tickets, event?.remaining, event?.arrivals]);
    },
  },
];

const strategies = [
  {
    type: "oveit",
    strategyType: "dashboard",
    get name() {
      return pageTexts().cards.dashboard[0];
    },
    get description() {
      return pageTexts().cards.dashboard[1];
    },
    documentationURL: DOCUMENTATION,
  },
];

const page = window as unknown as Record<string, { type: string }[] | undefined>;

function register(list: "customCards" | "customStrategies", mine: { type: string }[]): void {
  const known = (page[list] ??= []);
  known.push(...mine.filter(({ type }) => !known.some((other) => other.type === type)));
}

register("customCards", cards);
register("customStrategies", strategies);
