/** What the cards use of Home Assistant's frontend. */

export interface State {
  entity_id: string;
  state: string;
  attributes: Record<string, unknown>;
  last_changed: string;
}

export interface Registered {
  entity_id: string;
  device_id?: string | null;
  platform?: string;
  translation_key?: string;
  name?: string | null;
}

export interface Device {
  id: string;
  name: string | null;
  name_by_user?: string | null;
  config_entries?: string[];
}

export interface Locale {
  language: string;
  time_format?: "language" | "system" | "12" | "24";
  time_zone?: "local" | "server";
}

export interface Hass {
  states: Record<string, State>;
  entities: Record<string, Registered>;
  devices: Record<string, Device>;
  language: string;
  locale: Locale;
  config: { time_zone: string };
  connected: boolean;
  user?: { is_admin: boolean };
  callWS<T>(message: Record<string, unknown>): Promise<T>;
  callService(domain: string, action: string, data: Record<string, unknown>): Promise<unknown>;
}

export interface Described {
  attributes: Record<string, unknown>;
}

const NOTHING = new Set(["unavailable", "unknown", ""]);

export function known(state: { state: string } | undefined): boolean {
  return state !== undefined && !NOTHING.has(state.state);
}

export function numberOf(hass: Hass, entityId: string | undefined): number | undefined {
  const state = entityId ? hass.states[entityId] : undefined;
  const value = known(state) ? Number(state!.state) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

export function timeOf(hass: Hass, entityId: string | undefined): number | undefined {
  const state = entityId ? hass.states[entityId] : undefined;
  const value = known(state) ? Date.parse(state!.state) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() ? value : undefined;
}

export function deviceName(device: Device): string {
  return device.name_by_user ?? device.name ?? "Oveit";
}

export function fire(from: EventTarget, type: string, detail: unknown): void {
  from.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
}
