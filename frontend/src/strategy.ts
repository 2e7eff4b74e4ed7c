/** A whole dashboard from the events and gates that are there. */

import { type Gate, type OveitEvent, events, gates } from "./find";
import { type Hass, deviceName } from "./hass";
import { fill, pageTexts, texts } from "./localize";

type Card = Record<string, unknown>;
type View = Record<string, unknown>;

const ADD = "/config/integrations/dashboard/add?domain=oveit";

const heading = (title: string, shape: string): Card => ({ type: "heading", heading: title, icon: shape });

function section(cards: Card[], span = 1): Card {
  return { type: "grid", column_span: span, cards };
}

function eventSection(event: OveitEvent): Card {
  const card = { type: "custom:oveit-event-card", entity: event.checkedIn, grid_options: { columns: "full" } };
  return section([card], 2);
}

function gateSection(gate: Gate): Card {
  return section([{ type: "custom:oveit-gate-card", entity: gate.event }]);
}

function lineSection(hass: Hass, all: OveitEvent[]): Card {
  const words = texts(hass.language);
  const cards = all.flatMap((event) => {
    const tile = (entity: string | undefined, more: Card = {}): Card[] =>
      entity ? [{ type: "tile", entity, name: { type: "entity" }, ...more }] : [];
    const wide = { grid_options: { columns: 12 } };
    const tiles = [
      ...[event.connected, event.listAge, event.waiting, event.conflicts].flatMap((entity) => tile(entity)),
      ...tile(event.ready, { state_content: ["state", "reasons"], ...wide }),
      ...tile(event.sync, { hide_state: true, ...wide }),
    ];
    const title = all.length > 1 ? `${words.diagnostics}: ${deviceName(event.device)}` : words.diagnostics;
    return [heading(title, "mdi:cloud-check-variant"), ...tiles];
  });
  return section(cards);
}

/** With gates, of their entities: of an event's one entity alone, the list would name no gate. */
function recentSection(hass: Hass, all: OveitEvent[], doors: Gate[]): Card[] {
  const told = doors.length ? doors.map((gate) => gate.event) : all.map((event) => event.checkIn);
  const target = { entity_id: told.filter(Boolean) };
  if (target.entity_id.length === 0) return [];
  const list = { type: "logbook", target, hours_to_show: 12, grid_options: { columns: 12, rows: 8 } };
  return [section([heading(texts(hass.language).recent, "mdi:ticket-confirmation"), list])];
}

/** The page with everything on it. */
export function overview(hass: Hass): View {
  const words = texts(hass.language);
  const [all, doors] = [events(hass), gates(hass)];
  const base = { title: words.overview, path: "overview", icon: "mdi:ticket-confirmation", type: "sections", max_columns: 3, dense_section_placement: true };
  if (all.length === 0) {
    return { ...base, sections: [section([{ type: "markdown", content: fill(words.welcome, { link: ADD }) }], 3)] };
  }
  const sections = [...all.map(eventSection), ...doors.map(gateSection)];
  return { ...base, sections: [...sections, ...recentSection(hass, all, doors), lineSection(hass, all)] };
}

/** One full page for the tablet at each gate. */
function gateView(gate: Gate): View {
  return {
    title: deviceName(gate.device),
    path: `gate-${gate.event.split(".")[1]!.replaceAll("_", "-")}`,
    type: "panel",
    cards: [{ type: "custom:oveit-gate-card", entity: gate.event }],
  };
}

export class OveitDashboardStrategy extends HTMLElement {
  static registryDependencies = ["entities", "devices"];

  static async generate(_config: unknown, hass: Hass) {
    return { title: pageTexts().cards.dashboard[0], views: [overview(hass), ...gates(hass).map(gateView)] };
  }

  static async getCreateSuggestions() {
    return { title: "Oveit", icon: "mdi:ticket-confirmation" };
  }
}

export class OveitViewStrategy extends HTMLElement {
  static registryDependencies = ["entities", "devices"];

  static async generate(_config: unknown, hass: Hass) {
    return overview(hass);
  }
}
