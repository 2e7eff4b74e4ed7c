/** The card for a tablet beside a door. */

import { type PropertyValues, type TemplateResult, html, nothing } from "lit";

import { OveitCard, look } from "./base";
import { type Gate, gateOf, gates } from "./find";
import { clock, count } from "./format";
import { GATE_FORM, form } from "./forms";
import { type Hass, deviceName, known, numberOf } from "./hass";
import { type Icon, icon } from "./icons";
import { fill } from "./localize";
import { Sound } from "./sound";
import type { Texts } from "./texts/en";
import { type Verdict, Watch, verdictOf } from "./verdict";
import { TONE_ICONS, headline, spoken, trial, verdictLook, verdictView } from "./verdict-view";
import { gateLook } from "./gate-look";

export interface GateConfig {
  type: string;
  entity?: string;
  name?: string;
  seconds?: number;
  mode_switch?: boolean;
  sound?: boolean;
}

type Mode = keyof Texts["modes"];

const SURE_WITHIN = 5_000;

const MODES: [Mode, Icon][] = [
  ["open_for_tickets", "open"],
  ["scan_only", "look"],
  ["closed", "closed"],
  ["free_flow", "free"],
];

export class OveitGateCard extends OveitCard<GateConfig> {
  static override properties = {
    ...OveitCard.properties,
    verdict: { state: true },
    showing: { state: true },
    announced: { state: true },
    failed: { state: true },
    asking: { state: true },
    preview: { attribute: false },
  };
  static override styles = [look, verdictLook, gateLook];

  declare private verdict?: Verdict;
  declare private showing: boolean;
  declare private announced: string;
  declare private failed: boolean;
  declare private asking: boolean;
  /** Set by Home Assistant where the card is only looked at: in the picker, in an editor. */
  declare preview?: boolean;
  private watch = new Watch();
  private sound = new Sound(() => this.requestUpdate());
  private hiding?: ReturnType<typeof setTimeout>;
  private forgetting?: ReturnType<typeof setTimeout>;

  constructor() {
    super();
    this.showing = false;
    this.announced = "";
    this.failed = false;
    this.asking = false;
  }

  static getConfigForm() {
    return form(GATE_FORM);
  }

  static getStubConfig(hass: Hass) {
    const [first] = gates(hass);
    return { entity: first?.event ?? "" };
  }

  setConfig(config: GateConfig): void {
    if (config.entity !== this.config?.entity) {
      this.watch = new Watch();
      this.hide();
    }
    this.config = config;
  }

  getCardSize(): number {
    return 8;
  }

  getGridOptions() {
    return { columns: 12, rows: 8, min_columns: 6, min_rows: 6 };
  }

  override disconnectedCallback(): void {
    clearTimeout(this.hiding);
    clearTimeout(this.forgetting);
    this.showing = this.asking = false;
    this.sound.close();
    super.disconnectedCallback();
  }

  protected watched(): string[] {
    const { gate } = this;
    if (!gate) return [];
    const { event, mode, rehearsal, entries, perHour, connected, waiting } = gate;
    return [event, mode, rehearsal, entries, perHour, ...connected, ...waiting].filter(Boolean) as string[];
  }

  private get gate(): Gate | undefined {
    return this.hass && gateOf(this.hass, this.config?.entity);
  }

  override willUpdate(changed: PropertyValues): void {
    const { hass, gate } = this;
    if (!changed.has("hass") || !hass || !gate) return;
    const fresh = this.watch.observe(hass.states[gate.event], hass.connected, Date.now());
    if (fresh) this.show(hass, fresh);
  }

  private show(hass: Hass, verdict: Verdict): void {
    const sentence = spoken(hass, this.words, verdict);
    this.verdict = verdict;
    this.showing = true;
    this.announced = sentence === this.announced ? `${sentence}\u00a0` : sentence;
    if (this.config?.sound) this.sound.play(verdict.tone);
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => this.hide(), (this.config?.seconds ?? 6) * 1000);
  }

  private hide(): void {
    clearTimeout(this.hiding);
    this.showing = false;
  }

  /** Sets the mode; one touch too many must not let everybody in, so that takes a second one. */
  private async choose(hass: Hass, gate: Gate, option: Mode): Promise<void> {
    this.failed = false;
    if (this.preview) return;
    clearTimeout(this.forgetting);
    this.asking = option === "free_flow" && !this.asking && hass.states[gate.mode!]?.state !== option;
    if (this.asking) {
      this.forgetting = setTimeout(() => (this.asking = false), SURE_WITHIN);
      return;
    }
    try {
      await hass.callService("select", "select_option", { entity_id: gate.mode, option });
    } catch {
      this.failed = true;
    }
  }

  override render(): TemplateResult {
    const { hass, gate, words } = this;
    if (!hass || !gate) {
      return html`<ha-card><div class="missing">${icon("ticket")} ${hass ? words.notFound : ""}</div></ha-card>`;
    }
    return html`<ha-card @keydown=${(event: KeyboardEvent) => event.key === "Escape" && this.hide()}>
      <section class="gate" ?inert=${this.showing} aria-label=${this.heading(gate)}>
        ${this.header(hass, gate)} ${this.middle(hass, gate)} ${this.rows(hass, gate)} ${this.modes(hass, gate)}
      </section>
      ${this.verdict ? verdictView(hass, words, this.verdict, this.showing, () => this.hide()) : nothing}
      <div class="unheard" role="status" aria-live="assertive">${this.announced}</div>
    </ha-card>`;
  }

  private heading(gate: Gate): string {
    return this.config?.name || deviceName(gate.device);
  }

  private header(hass: Hass, gate: Gate): TemplateResult {
    const { words } = this;
    return html`<header>
      <h2>${this.heading(gate)}</h2>
      ${this.rehearses(hass, gate) ? html`<p class="rehearsal">${words.rehearsalNow}</p>` : nothing}
      <p class="prompt">${this.prompt(hass, gate)}</p>
      ${this.config?.sound && !this.sound.ready
        ? html`<button class="pill" @click=${this.allowSound}>${icon("sound")} ${words.soundOn}</button>`
        : nothing}
    </header>`;
  }

  /** Free flow is never a rehearsal, whatever the switch says. */
  private rehearses(hass: Hass, gate: Gate): boolean {
    const isOn = gate.rehearsal !== undefined && hass.states[gate.rehearsal]?.state === "on";
    return isOn && !(gate.mode && hass.states[gate.mode]?.state === "free_flow");
  }

  private prompt(hass: Hass, gate: Gate): string {
    const { words } = this;
    const event = hass.states[gate.event];
    if (!known(event) && event?.state !== "unknown") return words.unavailable;
    if (gate.isExit) return words.readyExit;
    switch (gate.mode && hass.states[gate.mode]?.state) {
      case "closed":
        return words.closedNow;
      case "scan_only":
        return words.scanNow;
      case "free_flow":
        return words.freeNow;
      default:
        return words.ready;
    }
  }

  private allowSound = async (): Promise<void> => {
    await this.sound.allow();
    this.sound.play("admitted");
  };

  private middle(hass: Hass, gate: Gate): TemplateResult {
    const { words } = this;
    const entries = numberOf(hass, gate.entries);
    const perHour = numberOf(hass, gate.perHour);
    const key = gate.entries && hass.entities[gate.entries]?.translation_key;
    const label = gate.isExit ? words.exits : key === "checked_in" ? words.checkedIn : words.entries;
    return html`<button class="count" @click=${() => this.moreInfo(gate.entries ?? gate.event)}>
      <span class="number">${entries === undefined ? "–" : count(hass, entries)}</span>
      <span class="what">${label}</span>
      ${perHour === undefined
        ? nothing
        : html`<span class="hour">${fill(words.perHour, { count: count(hass, perHour) })}</span>`}
    </button>`;
  }

  private rows(hass: Hass, gate: Gate): TemplateResult {
    const { words } = this;
    const lines = gate.connected.map((entityId) => hass.states[entityId]).filter(known);
    const offline = lines.some((state) => state!.state === "off");
    const online = lines.length > 0 && !offline;
    const waiting = gate.waiting.reduce((sum, entityId) => sum + (numberOf(hass, entityId) ?? 0), 0);
    return html`<ul class="rows">
      <li>${this.lastRow(hass, gate)}</li>
      <li class=${online ? "" : "alert"}>
        ${icon(online ? "online" : "offline")}
        ${online ? words.connected : offline ? words.offline : words.unknownLine}
      </li>
      <li class=${waiting ? "alert" : ""}>
        ${icon("waiting")}
        ${waiting === 0
          ? words.waitingNone
          : waiting === 1
            ? words.waitingOne
            : fill(words.waiting, { count: count(hass, waiting) })}
      </li>
    </ul>`;
  }

  private lastRow(hass: Hass, gate: Gate): TemplateResult {
    const { words } = this;
    const last = verdictOf(hass.states[gate.event]);
    if (!last) return html`${icon("ticket")} ${gate.isExit ? words.nobodyLeft : words.nobody}`;
    const [title] = headline(words, last);
    const tried = trial(words, last);
    const parts = [clock(hass, last.at), tried, title, last.ticketType].filter(Boolean);
    return html`<span class="dot ${last.tone} ${tried ? "trial" : ""}">${icon(TONE_ICONS[last.tone])}</span> ${parts.join(" · ")}`;
  }

  private modes(hass: Hass, gate: Gate): TemplateResult | typeof nothing {
    const { words } = this;
    const state = gate.mode ? hass.states[gate.mode] : undefined;
    if (!state || this.config?.mode_switch === false) return nothing;
    return html`<div class="modes" role="group" aria-label=${words.mode}>
        ${MODES.map(
          ([mode, shape]) =>
            html`<button
              aria-pressed=${state.state === mode}
              ?disabled=${state.state === "unavailable"}
              @click=${() => this.choose(hass, gate, mode)}
            >
              ${icon(shape)}<span>${words.modes[mode]}</span>
            </button>`,
        )}
      </div>
      ${this.asking ? html`<p class="sure" role="alert">${words.freeSure}</p>` : nothing}
      ${this.failed ? html`<p class="failed" role="alert">${words.modeFailed}</p>` : nothing}`;
  }
}
