// Invented states, enough of Home Assistant's frontend to draw both cards without it.
// window.draw({card, scene, dark, language}) fills #stage; window.SCENES names what there is to see.

customElements.define("home-assistant", class extends HTMLElement {});
customElements.define(
  "ha-card",
  class extends HTMLElement {
    constructor() {
      super();
      const style =
        ":host{display:block;background:var(--card-background-color);border-radius:12px;" +
        "border:1px solid var(--divider-color);box-sizing:border-box}";
      this.attachShadow({ mode: "open" }).innerHTML = `<style>${style}</style><slot></slot>`;
    }
  },
);

const LIGHT = {
  "--primary-text-color": "#141414",
  "--secondary-text-color": "#5e5e5e",
  "--card-background-color": "#fff",
  "--primary-background-color": "#fafafa",
  "--divider-color": "rgba(0,0,0,.12)",
  "--primary-color": "#009ac7",
};
const DARK = {
  "--primary-text-color": "#e1e1e1",
  "--secondary-text-color": "#9b9b9b",
  "--card-background-color": "#1c1c1c",
  "--primary-background-color": "#111",
  "--divider-color": "rgba(225,225,225,.12)",
  "--primary-color": "#009ac7",
};

const now = Date.now();
const minutes = (count) => new Date(now - count * 60_000).toISOString();

const GATE = { reason: "checked_in", source: "oveit", ticket_type: "Entry", event_type: "admitted", mode: "open_for_tickets" };
const guest = (attributes) => ({ "event.north_gate": [new Date(now).toISOString(), { ...GATE, ...attributes }] });
const refused = (reason, more = {}) => guest({ event_type: "refused", reason, ...more });

const WAY_OUT = {
  without: ["select.north_gate_mode", "sensor.north_gate_entries", "sensor.north_gate_entries_per_hour"],
  states: {
    "event.north_gate": [minutes(3), { ...GATE, reason: "left", direction: "exit" }],
    "sensor.north_gate_exits": ["431"],
    "sensor.north_gate_exits_per_hour": ["58"],
  },
};
const learning = (preparation, known) => ({
  "sensor.lantern_night_offline_coverage": [String(known / 24), { known, preparing: preparation === "running", preparation }],
});

window.SCENES = {
  "gate-idle": { card: "gate" },
  "gate-closed": { card: "gate", states: { "select.north_gate_mode": ["closed"] } },
  "gate-free": { card: "gate", states: { "select.north_gate_mode": ["free_flow"] } },
  "gate-overruled": {
    card: "gate",
    states: guest({ source: "ledger", reason: "override", mode: "free_flow", overruled: "already_checked_in" }),
  },
  "gate-offline": {
    card: "gate",
    states: { "binary_sensor.lantern_night_connected": ["off"], "sensor.lantern_night_waiting": ["12"] },
  },
  "gate-green": { card: "gate", states: guest({}) },
  "gate-amber": { card: "gate", states: guest({ source: "ledger", ticket_type: "VIP", addon: "Drinks", addon_left: 2 }) },
  "gate-red": {
    card: "gate",
    states: refused("already_checked_in", {
      source: "ledger",
      first_checkin_at: minutes(52),
      first_checkin_gate: "South gate",
      passback: true,
    }),
  },
  "gate-words": { card: "gate", states: refused("ambiguous", { ticket_type: "Weekend pass with camping", rehearsal: true }) },
  "gate-rehearsing": {
    card: "gate",
    states: {
      "switch.north_gate_rehearsal": ["on"],
      "event.north_gate": [minutes(3), { ...GATE, source: "ledger", rehearsal: true }],
    },
  },
  "gate-rehearsal": { card: "gate", states: guest({ ticket_type: "VIP", rehearsal: true }) },
  "gate-scanned": { card: "gate", states: guest({ source: "ledger", mode: "scan_only", addon: "Drinks", addon_left: 2 }) },
  "gate-scanned-red": {
    card: "gate",
    states: refused("already_checked_in", {
      mode: "scan_only",
      first_checkin_at: minutes(52),
      first_checkin_gate: "South gate",
      passback: true,
    }),
  },
  "gate-exit": { card: "gate", ...WAY_OUT },
  "gate-goodbye": {
    card: "gate",
    ...WAY_OUT,
    states: { ...WAY_OUT.states, ...guest({ reason: "left", direction: "exit", hint: "never_entered" }) },
  },
  "event-evening": { card: "event" },
  "event-preparing": { card: "event", states: learning("running", 1630) },
  "event-unfinished": { card: "event", states: learning("stopped", 712) },
  "event-empty": {
    card: "event",
    history: [],
    states: {
      "sensor.lantern_night_checked_in": ["0"],
      "sensor.lantern_night_remaining": ["200"],
      "sensor.lantern_night_arrivals": ["0"],
      "sensor.lantern_night_last_entry": ["unknown"],
      "binary_sensor.lantern_night_connected": ["off"],
    },
  },
};

const STATES = {
  "event.north_gate": [minutes(3), { ...GATE, code_end: "17d" }],
  "select.north_gate_mode": ["open_for_tickets"],
  "sensor.north_gate_entries": ["1284"],
  "sensor.north_gate_entries_per_hour": ["312"],
  "sensor.lantern_night_tickets": ["2400"],
  "sensor.lantern_night_checked_in": ["1731"],
  "sensor.lantern_night_remaining": ["669"],
  "sensor.lantern_night_arrivals": ["5.4"],
  "sensor.lantern_night_last_entry": [minutes(0.2), { ticket_type: "VIP", gate: "North gate" }],
  "sensor.lantern_night_list_age": [minutes(2.2)],
  "sensor.lantern_night_waiting": ["0"],
  "binary_sensor.lantern_night_connected": ["on"],
  "event.lantern_night_check_in": [minutes(3), GATE],
  "sensor.lantern_night_type_1": ["1302", { ticket_type: "Entry", tickets: 1850 }],
  "sensor.lantern_night_type_2": ["287", { ticket_type: "VIP", tickets: 300 }],
  "sensor.lantern_night_type_3": ["142", { ticket_type: "Weekend pass with camping and early entry", tickets: 250 }],
};

const KEYS = {
  north_gate: { "event.north_gate": "gate", "select.north_gate_mode": "gate_mode", "switch.north_gate_rehearsal": "gate_rehearsal" },
};
const keyOf = (id) => {
  if (KEYS.north_gate[id]) return KEYS.north_gate[id];
  if (id.includes("_type_")) return "checked_in_type";
  return id.split(".")[1].replace("lantern_night_", "").replace("north_gate", "gate");
};

const evening = () =>
  Array.from({ length: 72 }, (_, index) => {
    const from = index / 72;
    const rush = 9 * Math.exp(-(((from - 0.42) / 0.12) ** 2)) + 6 * Math.exp(-(((from - 0.86) / 0.1) ** 2));
    return { s: String(rush + 0.4 * Math.sin(index * 1.7) ** 2), lu: (now - (1 - from) * 6 * 3_600_000) / 1000 };
  });

function hassOf({ states = {}, without = [], history = evening() }, language) {
  const all = Object.entries({ ...STATES, ...states }).filter(([id]) => !without.includes(id));
  return {
    language,
    locale: { language, time_format: "language", time_zone: "server" },
    config: { time_zone: "UTC" },
    connected: true,
    devices: {
      gate: { id: "gate", name: "North gate", config_entries: ["venue"] },
      event: { id: "event", name: "Lantern Night", config_entries: ["venue"] },
    },
    entities: Object.fromEntries(
      all.map(([id]) => [
        id,
        { entity_id: id, platform: "oveit", device_id: id.includes("north_gate") ? "gate" : "event", translation_key: keyOf(id) },
      ]),
    ),
    states: Object.fromEntries(
      all.map(([id, [state, attributes = {}]]) => [id, { entity_id: id, state, attributes, last_changed: minutes(1) }]),
    ),
    callWS: async () => ({ "sensor.lantern_night_arrivals": history }),
    callService: async () => undefined,
  };
}

window.draw = async ({ scene, dark = false, language = "en", height = "" }) => {
  const { card, ...wanted } = window.SCENES[scene];
  const theme = dark ? DARK : LIGHT;
  for (const [name, value] of Object.entries(theme)) document.documentElement.style.setProperty(name, value);
  document.documentElement.lang = language;
  const stage = document.querySelector("#stage");
  stage.style.height = height;
  await customElements.whenDefined(`oveit-${card}-card`);
  const element = document.createElement(`oveit-${card}-card`);
  element.setConfig({
    type: `custom:oveit-${card}-card`,
    entity: card === "gate" ? "event.north_gate" : "sensor.lantern_night_checked_in",
  });
  element.hass = hassOf(wanted, language);
  stage.replaceChildren(element);
  await element.updateComplete;
  if (card === "event") await new Promise((done) => setTimeout(done, 20));
  await element.updateComplete;
};
