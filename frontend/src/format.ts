/** Numbers and times the way the person reads them. */

import type { Hass } from "./hass";

export function count(hass: Hass, value: number, digits = 0): string {
  return new Intl.NumberFormat(hass.language, { maximumFractionDigits: digits }).format(value);
}

export function clock(hass: Hass, at: number): string {
  const { time_format: wanted, time_zone: zone } = hass.locale;
  return new Intl.DateTimeFormat(hass.language, {
    hour: "numeric",
    minute: "2-digit",
    hour12: wanted === "12" ? true : wanted === "24" ? false : undefined,
    timeZone: zone === "server" ? hass.config.time_zone : undefined,
  }).format(at);
}

const STEPS: [limit: number, unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86_400, "hour", 3600],
  [Infinity, "day", 86_400],
];

/** "2 minutes ago"; a clock that runs behind never makes it the future. */
export function ago(hass: Hass, at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000);
  const [, unit, size] = STEPS.find(([limit]) => seconds < limit)!;
  const words = new Intl.RelativeTimeFormat(hass.language, { numeric: "auto", style: "long" });
  if (unit === "second") return words.format(seconds < 10 ? 0 : -Math.floor(seconds / 10) * 10, "second");
  return words.format(-Math.floor(seconds / size), unit);
}
