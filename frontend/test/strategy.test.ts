import { beforeAll, expect, test, vi } from "vitest";

import { hass, state } from "./common";

type Page = { title: string; type: string; sections?: { cards: { type: string; entity?: string }[] }[]; cards?: unknown[] };

beforeAll(() => {
  vi.stubGlobal("HTMLElement", class {});
  vi.stubGlobal("document", { documentElement: { lang: "en" } });
});

async function build(from = hass()): Promise<Page[]> {
  const { OveitDashboardStrategy } = await import("../src/strategy");
  return (await OveitDashboardStrategy.generate({}, from)).views as unknown as Page[];
}

test("the dashboard shows every event and every gate, and gives each gate a page of its own", async () => {
  const [overview, ...pages] = await build();
  const cards = overview!.sections!.flatMap((section) => section.cards);
  const shown = (type: string) => cards.filter((card) => card.type === type).map((card) => card.entity);
  expect(shown("custom:oveit-event-card")).toEqual(["sensor.night_in"]);
  expect(shown("custom:oveit-gate-card")).toEqual(["event.tor_sued", "event.north_gate"]);
  expect(pages.map(({ title, type }) => [title, type])).toEqual([
    ["Back door", "panel"],
    ["North gate", "panel"],
  ]);
});

test("the tiles are those of entities that exist", async () => {
  const [overview] = await build(hass([state("sensor.night_in", "1")]));
  const tiles = overview!.sections!.flatMap((section) => section.cards).filter((card) => card.type === "tile");
  expect(tiles.map((card) => card.entity)).toEqual([
    "binary_sensor.night_connected",
    "sensor.night_waiting",
    "binary_sensor.night_ready",
    "button.night_sync",
  ]);
});

test("every tile is called what its entity is called", async () => {
  const [overview] = await build();
  const tiles = overview!.sections!.flatMap((section) => section.cards).filter((card) => card.type === "tile");
  for (const tile of tiles) expect(tile, tile.entity).toMatchObject({ name: { type: "entity" } });
});

test("the tile of ready tells what stands in the way", async () => {
  const [overview] = await build();
  const cards = overview!.sections!.flatMap((section) => section.cards);
  const told = cards.filter((card) => "state_content" in card);
  expect(told).toMatchObject([
    {
      entity: "binary_sensor.night_ready",
      state_content: ["state", "reasons"],
      grid_options: { columns: 12 },
    },
  ]);
});

test("the latest check-ins are those of the gates, and of the event where there is no gate", async () => {
  const list = async (from: ReturnType<typeof hass>) => {
    const [overview] = await build(from);
    const { cards } = overview!.sections!.find(({ cards }) => cards.some((card) => card.type === "logbook"))!;
    return cards;
  };
  expect(await list(hass())).toMatchObject([
    { type: "heading", heading: "Latest check-ins" },
    { type: "logbook", target: { entity_id: ["event.tor_sued", "event.north_gate"] } },
  ]);
  const { entities } = hass();
  const without = Object.entries(entities).filter(([, entity]) => entity.translation_key !== "gate");
  const [, alone] = await list({ ...hass(), entities: Object.fromEntries(without) });
  expect(alone).toMatchObject({ target: { entity_id: ["event.night_check_in"] } });
});

test("a newcomer without events is shown the way to the integration", async () => {
  const pages = await build({ ...hass(), entities: {} });
  expect(pages).toHaveLength(1);
  expect(JSON.stringify(pages)).toContain("/config/integrations/dashboard/add?domain=oveit");
});

test("a gate fills the gap beside an event", async () => {
  const [overview] = await build();
  expect(overview).toMatchObject({ type: "sections", max_columns: 3, dense_section_placement: true });
});
