/** What both cards share: when to draw again, what time it is, and the look. */

import { LitElement, type PropertyValues, css } from "lit";

import { type Hass, fire } from "./hass";
import { texts } from "./localize";
import type { Texts } from "./texts/en";

export abstract class OveitCard<Config extends object> extends LitElement {
  static override properties = {
    hass: { attribute: false },
    config: { state: true },
    now: { state: true },
  };

  declare hass?: Hass;
  declare protected config?: Config;
  declare protected now: number;
  private ticking?: ReturnType<typeof setInterval>;

  constructor() {
    super();
    this.now = Date.now();
  }

  /** The entities whose states this card shows. */
  protected abstract watched(): string[];

  protected get words(): Texts {
    return texts(this.hass?.language);
  }

  protected moreInfo(entityId: string | undefined): void {
    if (entityId) fire(this, "hass-more-info", { entityId });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.ticking = setInterval(() => (this.now = Date.now()), 10_000);
  }

  override disconnectedCallback(): void {
    clearInterval(this.ticking);
    super.disconnectedCallback();
  }

  override shouldUpdate(changed: PropertyValues): boolean {
    const before = changed.get("hass") as Hass | undefined;
    const { hass } = this;
    if (changed.size !== 1 || !before || !hass) return true;
    return (
      before.entities !== hass.entities ||
      before.devices !== hass.devices ||
      before.language !== hass.language ||
      before.locale !== hass.locale ||
      before.connected !== hass.connected ||
      this.watched().some((entityId) => before.states[entityId] !== hass.states[entityId])
    );
  }
}

export const look = css`
  :host {
    display: block;
    height: 100%;
    --oveit-green: var(--oveit-admitted-color, #1a7f37);
    --oveit-amber: var(--oveit-unsure-color, #ffb300);
    --oveit-red: var(--oveit-refused-color, #b3261e);
    --oveit-blue: var(--oveit-unchecked-color, #12284c);
    --oveit-accent: var(--oveit-accent-color, var(--primary-color, #009ac7));
    --oveit-quiet: color-mix(in srgb, var(--primary-text-color) 7%, transparent);
    --oveit-soft-text: color-mix(in srgb, var(--primary-text-color) 78%, transparent);
  }
  * {
    box-sizing: border-box;
  }
  ha-card {
    position: relative;
    height: 100%;
    overflow: hidden;
    color: var(--primary-text-color);
  }
  h2,
  h3,
  p,
  dl,
  dd {
    margin: 0;
  }
  .icon {
    width: 1.25em;
    height: 1.25em;
    flex: none;
    fill: currentColor;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 0;
    padding: 0;
    cursor: pointer;
    text-align: inherit;
    -webkit-tap-highlight-color: transparent;
  }
  :focus-visible {
    outline: 3px solid var(--oveit-accent);
    outline-offset: 2px;
  }
  .number {
    font-variant-numeric: tabular-nums;
    letter-spacing: -0.02em;
  }
  .missing {
    padding: 32px 24px;
    display: flex;
    gap: 12px;
    align-items: center;
    color: var(--oveit-soft-text);
  }
  .unheard {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`;
