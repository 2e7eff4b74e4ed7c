/** The card of an event: how full it is, and how fast it fills. */

import { type PropertyValues, type TemplateResult, html, nothing, svg } from "lit";

import { type Kept, type Sample, begin, ceiling, line, peak, runs, samples, slices } from "./arrivals";
import { OveitCard, look } from "./base";
import { eventLook } from "./event-look";
import { type OveitEvent, eventOf, events } from "./find";
import { ago, clock, count } from "./format";
import { EVENT_FORM, form } from "./forms";
import { type Hass, deviceName, numberOf, text, timeOf } from "./hass";
import { icon } from "./icons";
import { fill } from "./localize";
import { progressOf } from "./preparing";

export interface EventConfig {
  type: string;
  entity?: string;
  name?: string;
  show_curve?: boolean;
  hours_to_show?: number;
  show_types?: boolean;
}

const FETCH_EVERY = 5 * 60_000;
const SLICES = 72;
const WIDTH = 720;
const HEIGHT = 160;
const AROUND = 2 * Math.PI * 52;

const bar = (part: number, whole: number): TemplateResult =>
  html`<span class="bar"><span style="width:${whole > 0 ? Math.min(100, (100 * part) / whole) : 0}%"></span></span>`;

export class OveitEventCard extends OveitCard<EventConfig> {
  static override properties = {
    ...OveitCard.properties,
    kept: { state: true },
    unreadable: { state: true },
  };
  static override styles = [look, eventLook];

  declare private kept?: Sample[];
  declare private unreadable: boolean;
  private fetched?: { entity: string; hours: number; at: number };

  constructor() {
    super();
    this.unreadable = false;
  }

  static getConfigForm() {
    return form(EVENT_FORM);
  }

  static getStubConfig(hass: Hass) {
    const [first] = events(hass);
    return { entity: first?.checkedIn ?? "" };
  }

  setConfig(config: EventConfig): void {
    this.config = config;
  }

  getCardSize(): number {
    return 9;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6 };
  }

  protected watched(): string[] {
    const { found } = this;
    if (!found) return [];
    const { types, device: _, ...single } = found;
    return [...Object.values(single), ...types].filter(Boolean) as string[];
  }

  private get found(): OveitEvent | undefined {
    return this.hass && eventOf(this.hass, this.config?.entity);
  }

  private get hours(): number {
    return Math.min(Math.max(Number(this.config?.hours_to_show) || 6, 1), 48);
  }

  override willUpdate(changed: PropertyValues): void {
    const { hass, found } = this;
    const arrivals = found?.arrivals;
    if (!hass || !arrivals || this.config?.show_curve === false) return;
    const before = (changed.get("hass") as Hass | undefined)?.states[arrivals];
    const state = hass.states[arrivals];
    if (this.kept && before && state && before !== state) {
      const at = Date.parse(state.last_changed);
      this.kept = [...this.kept, { at, value: numberOf(hass, arrivals) ?? null }];
    }
    void this.fetchOnce(hass, arrivals);
  }

  private async fetchOnce(hass: Hass, entity: string): Promise<void> {
    const { fetched, hours } = this;
    const now = Date.now();
    const same = fetched?.entity === entity && fetched.hours === hours;
    if (same && now - fetched!.at < FETCH_EVERY) return;
    const asked = (this.fetched = { entity, hours, at: now });
    if (!same) this.kept = undefined;
    try {
      const answer = await hass.callWS<Record<string, Kept[]>>({
        type: "history/history_during_period",
        start_time: new Date(now - hours * 3_600_000).toISOString(),
        entity_ids: [entity],
        minimal_response: true,
        no_attributes: true,
        significant_changes_only: false,
      });
      if (this.fetched !== asked) return;
      this.kept = samples(answer[entity] ?? []);
      this.unreadable = false;
    } catch {
      if (this.fetched === asked) this.unreadable = true;
    }
  }

  override render(): TemplateResult {
    const { hass, found, words } = this;
    if (!hass || !found) {
      return html`<ha-card><div class="missing">${icon("ticket")} ${hass ? words.notFound : ""}</div></ha-card>`;
    }
    const name = this.config?.name || deviceName(found.device);
    return html`<ha-card>
      <section class="event" aria-label=${name}>
        <h2>${name}</h2>
        <div class="top">${this.ring(hass, found)} ${this.figures(hass, found)}</div>
        ${this.config?.show_curve === false || !found.arrivals ? nothing : this.curve(hass)}
        ${this.config?.show_types === false ? nothing : this.types(hass, found)}
        ${this.preparing(hass, found)} ${this.footer(hass, found)}
      </section>
    </ha-card>`;
  }

  private ring(hass: Hass, found: OveitEvent): TemplateResult {
    const { words } = this;
    const checkedIn = numberOf(hass, found.checkedIn);
    const tickets = numberOf(hass, found.tickets);
    const share = tickets && checkedIn !== undefined ? Math.min(checkedIn / tickets, 1) : 0;
    const percent = new Intl.NumberFormat(hass.language, { style: "percent" }).format(share);
    return html`<button class="ring" @click=${() => this.moreInfo(found.checkedIn)}>
      <svg viewBox="0 0 120 120" aria-hidden="true">
        <circle class="track" cx="60" cy="60" r="52"></circle>
        ${share > 0
          ? svg`<circle class="part" cx="60" cy="60" r="52" stroke-dasharray="${share * AROUND} ${AROUND}"></circle>`
          : nothing}
      </svg>
      <span class="middle">
        <span class="number">${checkedIn === undefined ? "–" : count(hass, checkedIn)}</span>
        <span class="what">${words.checkedIn}</span>
        ${tickets === undefined
          ? nothing
          : html`<span class="what">${fill(words.ofTickets, { count: count(hass, tickets) })}</span>
              <span class="percent">${percent}</span>`}
      </span>
    </button>`;
  }

  private figures(hass: Hass, found: OveitEvent): TemplateResult {
    const { words } = this;
    const figure = (entityId: string | undefined, label: string, digits = 0) => {
      const value = numberOf(hass, entityId);
      if (!entityId || value === undefined) return nothing;
      return html`<button class="figure" @click=${() => this.moreInfo(entityId)}>
        <span class="number">${count(hass, value, digits)}</span><span class="what">${label}</span>
      </button>`;
    };
    return html`<div class="figures">
      ${figure(found.remaining, words.remaining)} ${figure(found.inside, words.inside)}
      ${figure(found.arrivals, words.arrivalsNow, 1)}
    </div>`;
  }

  private curve(hass: Hass): TemplateResult {
    const { words } = this;
    const now = Date.now();
    const from = begin(this.kept, now, this.hours);
    const highest = peak(this.kept ?? [], from);
    if (this.unreadable || !highest) {
      return html`<div class="curve">
        <h3>${words.arrivals}</h3>
        <p class="quiet">${this.unreadable ? words.noHistory : this.kept ? words.noCurve : ""}</p>
      </div>`;
    }
    const values = slices(this.kept ?? [], from, now, SLICES);
    const told = {
      from: clock(hass, from),
      to: clock(hass, now),
      count: count(hass, highest.value, 1),
      time: clock(hass, highest.at),
    };
    return html`<div class="curve">
      <h3>${words.arrivals}</h3>
      <p class="peak">${fill(words.peak, told)}</p>
      <div class="plot" role="img" aria-label=${fill(words.arrivalsText, told)}>
        ${this.plot(values, ceiling(values))}
        <div class="hours" aria-hidden="true">
          ${[0, 1, 2, 3, 4].map((step) => html`<span>${clock(hass, from + (step / 4) * (now - from))}</span>`)}
        </div>
      </div>
    </div>`;
  }

  private plot(values: (number | null)[], top: number): TemplateResult {
    return html`<svg viewBox="0 -4 ${WIDTH} ${HEIGHT + 8}" preserveAspectRatio="none">
      ${[0, 0.5, 1].map((part) => svg`<path class="grid" d="M0,${HEIGHT * part}H${WIDTH}"></path>`)}
      ${runs(values, WIDTH, HEIGHT, top).map((points) => {
        const path = line(points);
        const area = `${path}V${HEIGHT}H${points[0]!.x}Z`;
        return svg`<path class="area" d=${area}></path><path class="stroke" d=${path}></path>`;
      })}
    </svg>`;
  }

  private types(hass: Hass, found: OveitEvent): TemplateResult | typeof nothing {
    const kinds = found.types
      .map((entityId) => {
        const all = hass.states[entityId]?.attributes.tickets;
        const value = numberOf(hass, entityId) ?? 0;
        return { entityId, name: this.kindName(hass, entityId), value, all: typeof all === "number" ? all : undefined };
      })
      .sort((one, other) => other.value - one.value);
    if (kinds.length === 0) return nothing;
    const most = Math.max(1, ...kinds.map((kind) => kind.value));
    return html`<div class="types">
      <h3>${this.words.types}</h3>
      ${kinds.map(
        (kind) => html`<button class="kind" @click=${() => this.moreInfo(kind.entityId)}>
          <span class="name">${kind.name}</span>
          <span class="number"
            >${count(hass, kind.value)}${kind.all === undefined
              ? nothing
              : html`<span class="all"> / ${count(hass, kind.all)}</span>`}</span
          >
          ${bar(kind.value, kind.all ?? most)}
        </button>`,
      )}
    </div>`;
  }

  private kindName(hass: Hass, entityId: string): string {
    const attributes = hass.states[entityId]?.attributes ?? {};
    return text(attributes.ticket_type) ?? hass.entities[entityId]?.name ?? entityId;
  }

  private preparing(hass: Hass, found: OveitEvent): TemplateResult | typeof nothing {
    const state = found.coverage ? hass.states[found.coverage] : undefined;
    const progress = progressOf(state, numberOf(hass, found.tickets), Date.now());
    if (!progress) return nothing;
    const told = { known: count(hass, progress.known), count: count(hass, progress.tickets) };
    return html`<button class="kind preparing" @click=${() => this.moreInfo(found.coverage)}>
      <span class="name">${fill(this.words.preparing[progress.status], told)}</span>
      ${bar(progress.known, progress.tickets)}
    </button>`;
  }

  private footer(hass: Hass, found: OveitEvent): TemplateResult {
    const { words } = this;
    const last = found.lastEntry ? hass.states[found.lastEntry] : undefined;
    const at = timeOf(hass, found.lastEntry);
    const list = timeOf(hass, found.listAge);
    const offline = found.connected && hass.states[found.connected]?.state === "off";
    const who = [text(last?.attributes.ticket_type), text(last?.attributes.gate)].filter(Boolean);
    return html`<dl>
      <dt>${words.lastEntry}</dt>
      <dd>${at === undefined ? words.never : [ago(hass, at, Date.now()), ...who].join(" · ")}</dd>
      <dt>${words.listFetched}</dt>
      <dd>${list === undefined ? words.never : ago(hass, list, Date.now())}</dd>
      ${offline ? html`<dd class="alert">${icon("offline")} ${words.offline}</dd>` : nothing}
    </dl>`;
  }
}
