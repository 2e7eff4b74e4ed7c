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

function suggest(type: string, entity: string | undefined, wanted: string) {
  return entity === wanted ? { config: { type: `custom:${type}`, entity: wanted } } : null;
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
    getEntitySuggestion: (hass: Hass, entity: string) => suggest("oveit-gate-card", gateOf(hass, entity)?.event, entity),
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
    getEntitySuggestion: (hass: Hass, entity: string) =>
      suggest("oveit-event-card", eventOf(hass, entity)?.checkedIn, entity),
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
