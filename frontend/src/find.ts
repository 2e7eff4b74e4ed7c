/** Finds the gates and events of the integration, whatever their entities are called. */

import { type Device, type Hass, type Registered, deviceName } from "./hass";

export interface Gate {
  device: Device;
  event: string;
  mode?: string;
  rehearsal?: string;
  entries?: string;
  perHour?: string;
  isExit: boolean;
  connected: string[];
  waiting: string[];
}

export interface OveitEvent {
  device: Device;
  tickets?: string;
  checkedIn?: string;
  remaining?: string;
  arrivals?: string;
  lastEntry?: string;
  listAge?: string;
  inside?: string;
  coverage?: string;
  connected?: string;
  waiting?: string;
  conflicts?: string;
  ready?: string;
  sync?: string;
  checkIn?: string;
  types: string[];
}

const ours = (hass: Hass): Registered[] =>
  Object.values(hass.entities).filter((entity) => entity.platform === "oveit");

const domain = (entityId: string): string => entityId.split(".", 1)[0]!;

function siblings(hass: Hass, deviceId: string): Registered[] {
  return ours(hass).filter((entity) => entity.device_id === deviceId);
}

function keyed(entities: Registered[], key: string): string | undefined {
  return entities.find((entity) => entity.translation_key === key)?.entity_id;
}

function ofAccount(hass: Hass, device: Device, key: string): string[] {
  const account = new Set(device.config_entries ?? []);
  return ours(hass)
    .filter((entity) => entity.translation_key === key && entity.device_id)
    .filter((entity) =>
      hass.devices[entity.device_id!]?.config_entries?.some((entry) => account.has(entry)),
    )
    .map((entity) => entity.entity_id);
}

function deviceOf(hass: Hass, entityId: string | undefined): Device | undefined {
  const entity = entityId ? hass.entities[entityId] : undefined;
  return entity?.platform === "oveit" && entity.device_id ? hass.devices[entity.device_id] : undefined;
}

/** The gate an entity belongs to; an event's own check-ins count as one gate for all doors. */
export function gateOf(hass: Hass, entityId: string | undefined): Gate | undefined {
  const device = deviceOf(hass, entityId);
  if (!device) return undefined;
  const all = siblings(hass, device.id);
  const event = all.find((entity) => domain(entity.entity_id) === "event");
  if (!event) return undefined;
  const exits = keyed(all, "gate_exits");
  return {
    device,
    event: event.entity_id,
    mode: all.find((entity) => domain(entity.entity_id) === "select")?.entity_id,
    rehearsal: keyed(all, "gate_rehearsal"),
    entries: exits ?? keyed(all, "gate_entries") ?? keyed(all, "checked_in"),
    perHour: keyed(all, "gate_exits_per_hour") ?? keyed(all, "gate_entries_per_hour"),
    isExit: exits !== undefined,
    connected: ofAccount(hass, device, "connected"),
    waiting: ofAccount(hass, device, "waiting"),
  };
}

/** The event an entity belongs to. */
export function eventOf(hass: Hass, entityId: string | undefined): OveitEvent | undefined {
  const device = deviceOf(hass, entityId);
  if (!device) return undefined;
  const all = siblings(hass, device.id);
  const checkedIn = keyed(all, "checked_in");
  if (!checkedIn) return undefined;
  return {
    device,
    checkedIn,
    tickets: keyed(all, "tickets"),
    remaining: keyed(all, "remaining"),
    arrivals: keyed(all, "arrivals"),
    lastEntry: keyed(all, "last_entry"),
    listAge: keyed(all, "list_age"),
    inside: keyed(all, "inside"),
    coverage: keyed(all, "offline_coverage"),
    connected: keyed(all, "connected"),
    waiting: keyed(all, "waiting"),
    conflicts: keyed(all, "conflicts"),
    ready: keyed(all, "ready"),
    sync: keyed(all, "sync"),
    checkIn: keyed(all, "check_in"),
    types: all.filter((e) => e.translation_key === "checked_in_type").map((e) => e.entity_id),
  };
}

function byName<T extends { device: Device }>(found: (T | undefined)[]): T[] {
  return (found.filter(Boolean) as T[]).sort((one, other) =>
    deviceName(one.device).localeCompare(deviceName(other.device)),
  );
}

export function gates(hass: Hass): Gate[] {
  const events = ours(hass).filter(
    (entity) => domain(entity.entity_id) === "event" && entity.translation_key === "gate",
  );
  return byName(events.map((entity) => gateOf(hass, entity.entity_id)));
}

export function events(hass: Hass): OveitEvent[] {
  const counts = ours(hass).filter((entity) => entity.translation_key === "checked_in");
  return byName(counts.map((entity) => eventOf(hass, entity.entity_id)));
}
