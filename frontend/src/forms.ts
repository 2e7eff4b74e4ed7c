/** The visual editors, drawn by Home Assistant's own form. */

import { pageTexts } from "./localize";
import type { Texts } from "./texts/en";

type Field = { name: string; required?: boolean; default?: unknown; selector: Record<string, unknown> };

const seconds = { number: { min: 2, max: 60, unit_of_measurement: "s", mode: "box" } };
const hours = { number: { min: 1, max: 48, unit_of_measurement: "h", mode: "box" } };
const oveit = (domain: string) => ({ entity: { filter: { integration: "oveit", domain } } });

export const GATE_FORM: Field[] = [
  { name: "entity", required: true, selector: oveit("event") },
  { name: "name", selector: { text: {} } },
  { name: "seconds", default: 6, selector: seconds },
  { name: "mode_switch", default: true, selector: { boolean: {} } },
  { name: "sound", default: false, selector: { boolean: {} } },
];

export const EVENT_FORM: Field[] = [
  { name: "entity", required: true, selector: oveit("sensor") },
  { name: "name", selector: { text: {} } },
  { name: "show_curve", default: true, selector: { boolean: {} } },
  { name: "hours_to_show", default: 6, selector: hours },
  { name: "show_types", default: true, selector: { boolean: {} } },
];

export function form(schema: Field[]) {
  return {
    schema,
    computeLabel: ({ name }: Field) => pageTexts().fields[name as keyof Texts["fields"]] ?? name,
    computeHelper: ({ name }: Field) => pageTexts().help[name as keyof Texts["help"]],
  };
}
