import { expect, test } from "vitest";

import { eventOf, events, gateOf, gates } from "../src/find";
import { hass } from "./common";

test("gates are found by what they are, and sorted by the name a person gave them", () => {
  expect(gates(hass()).map((gate) => gate.event)).toEqual(["event.tor_sued", "event.north_gate"]);
});

test("a gate brings its mode, its rehearsal, its count, and the line of its own account only", () => {
  expect(gateOf(hass(), "event.north_gate")).toMatchObject({
    mode: "select.north_gate_mode",
    rehearsal: "switch.north_gate_rehearsal",
    entries: "sensor.north_gate_entries",
    isExit: false,
    connected: ["binary_sensor.night_connected"],
    waiting: ["sensor.night_waiting"],
  });
});

test("a way out is known by what it counts, and has no mode", () => {
  const gate = gateOf(hass(), "event.tor_sued");
  expect(gate).toMatchObject({
    entries: "sensor.tor_sued_hinaus",
    perHour: "sensor.tor_sued_hinaus_pro_stunde",
    isExit: true,
  });
  expect(gate?.mode).toBeUndefined();
});

test("the check-ins of an event serve as a gate without a mode", () => {
  const gate = gateOf(hass(), "event.night_check_in");
  expect(gate?.entries).toBe("sensor.night_in");
  expect(gate?.mode).toBeUndefined();
});

test("an event is found from any of its entities, with its ticket types", () => {
  const event = eventOf(hass(), "sensor.night_tickets");
  expect(event?.checkedIn).toBe("sensor.night_in");
  expect(event?.types).toEqual(["sensor.night_vip"]);
  expect(event?.coverage).toBe("sensor.night_offline_coverage");
});

test("entities of other integrations are never taken for ours", () => {
  expect(events(hass()).map((event) => event.device.name)).toEqual(["Lantern Night"]);
  expect(eventOf(hass(), "sensor.washing_machine")).toBeUndefined();
  expect(gateOf(hass(), undefined)).toBeUndefined();
});
