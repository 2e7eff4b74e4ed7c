/** An invented Home Assistant with one event, two gates, and somebody else's sensor. */

import type { Hass, Registered, State } from "../src/hass";

export function state(entityId: string, value: string, attributes: Record<string, unknown> = {}): State {
  return { entity_id: entityId, state: value, attributes, last_changed: "2026-10-10T18:00:00Z" };
}

const entity = (id: string, device: string, key: string, platform = "oveit"): [string, Registered] => [
  id,
  { entity_id: id, device_id: device, translation_key: key, platform },
];

export const hass = (states: State[] = []): Hass => ({
  states: Object.fromEntries(states.map((one) => [one.entity_id, one])),
  entities: Object.fromEntries([
    entity("event.night_check_in", "night", "check_in"),
    entity("sensor.night_in", "night", "checked_in"),
    entity("sensor.night_tickets", "night", "tickets"),
    entity("sensor.night_vip", "night", "checked_in_type"),
    entity("sensor.night_waiting", "night", "waiting"),
    entity("binary_sensor.night_connected", "night", "connected"),
    entity("binary_sensor.night_ready", "night", "ready"),
    entity("button.night_sync", "night", "sync"),
    entity("sensor.night_offline_coverage", "night", "offline_coverage"),
    entity("event.tor_sued", "south", "gate"),
    entity("sensor.tor_sued_hinaus", "south", "gate_exits"),
    entity("sensor.tor_sued_hinaus_pro_stunde", "south", "gate_exits_per_hour"),
    entity("event.north_gate", "north", "gate"),
    entity("select.north_gate_mode", "north", "gate_mode"),
    entity("switch.north_gate_rehearsal", "north", "gate_rehearsal"),
    entity("sensor.north_gate_entries", "north", "gate_entries"),
    entity("sensor.elsewhere_waiting", "elsewhere", "waiting"),
    entity("sensor.washing_machine", "machine", "checked_in", "laundry"),
  ]),
  devices: {
    night: { id: "night", name: "Lantern Night", config_entries: ["venue"] },
    north: { id: "north", name: "North gate", config_entries: ["venue"] },
    south: { id: "south", name: "South gate", name_by_user: "Back door", config_entries: ["venue"] },
    elsewhere: { id: "elsewhere", name: "City Museum", config_entries: ["museum"] },
    machine: { id: "machine", name: "Washing machine", config_entries: ["laundry"] },
  },
  language: "en",
  locale: { language: "en", time_format: "24", time_zone: "server" },
  config: { time_zone: "UTC" },
  connected: true,
  callWS: async () => undefined as never,
  callService: async () => undefined,
});
