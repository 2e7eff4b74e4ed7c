import { css } from "lit";

export const eventLook = css`
  ha-card {
    container-type: inline-size;
  }
  .event {
    padding: 24px;
    display: grid;
    gap: 24px;
  }
  h2 {
    font-size: 22px;
    font-weight: 600;
    line-height: 1.2;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
  }
  h3 {
    font-size: 15px;
    font-weight: 600;
    line-height: 1.3;
  }
  .top {
    display: grid;
    gap: 20px;
    justify-items: center;
  }
  .ring {
    position: relative;
    width: min(100%, 260px);
    aspect-ratio: 1;
    border-radius: 50%;
  }
  .ring svg {
    width: 100%;
    height: 100%;
    transform: rotate(-90deg);
  }
  circle {
    fill: none;
    stroke-width: 9;
  }
  .track {
    stroke: var(--oveit-quiet);
  }
  .part {
    stroke: var(--oveit-accent);
    stroke-linecap: round;
    transition: stroke-dasharray 800ms ease;
  }
  .middle {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    text-align: center;
    line-height: 1.3;
  }
  .middle .number {
    font-size: 64px;
    font-weight: 300;
    line-height: 1;
    letter-spacing: -0.02em;
    margin-bottom: 6px;
  }
  .what {
    font-size: 15px;
    color: var(--oveit-soft-text);
  }
  .percent {
    margin-top: 6px;
    font-size: 15px;
    font-weight: 600;
  }
  .figures {
    width: 100%;
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(80px, 1fr));
    gap: 8px;
  }
  .figure {
    padding: 14px 6px;
    display: grid;
    gap: 2px;
    align-content: start;
    border-radius: 16px;
    background: var(--oveit-quiet);
    text-align: center;
  }
  .figure .number {
    font-size: 28px;
    font-weight: 400;
    line-height: 1.1;
  }
  .figure .what {
    font-size: 14px;
    line-height: 1.25;
  }
  .curve {
    display: grid;
    align-content: start;
    grid-template-columns: auto 1fr;
    gap: 8px 16px;
    align-items: baseline;
  }
  .peak,
  .quiet {
    font-size: 14px;
    color: var(--oveit-soft-text);
    text-align: end;
  }
  .quiet {
    grid-column: 1 / -1;
    text-align: start;
  }
  .plot {
    grid-column: 1 / -1;
    min-width: 0;
  }
  .plot svg {
    display: block;
    width: 100%;
    height: 128px;
  }
  .plot path {
    fill: none;
    vector-effect: non-scaling-stroke;
  }
  .grid {
    stroke: var(--divider-color);
    stroke-width: 1;
  }
  .plot .area {
    fill: var(--oveit-accent);
    opacity: 0.16;
  }
  .stroke {
    stroke: var(--oveit-accent);
    stroke-width: 2.5;
    stroke-linejoin: round;
    stroke-linecap: round;
  }
  .hours {
    margin-top: 6px;
    display: flex;
    justify-content: space-between;
    gap: 4px;
    font-size: 13px;
    color: var(--oveit-soft-text);
    white-space: nowrap;
  }
  .types {
    display: grid;
    align-content: start;
    gap: 12px;
  }
  .kind {
    width: 100%;
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 6px 16px;
    font-size: 16px;
    line-height: 1.3;
    border-radius: 8px;
  }
  .kind .name {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .kind .number {
    font-weight: 600;
  }
  .kind .all {
    font-weight: 400;
    color: var(--oveit-soft-text);
  }
  .preparing {
    font-size: 15px;
  }
  .preparing .name {
    grid-column: 1 / -1;
  }
  .preparing .bar {
    height: 4px;
  }
  .bar {
    grid-column: 1 / -1;
    height: 8px;
    border-radius: 4px;
    background: var(--oveit-quiet);
    overflow: hidden;
  }
  .bar span {
    display: block;
    height: 100%;
    border-radius: 4px;
    background: var(--oveit-accent);
    transition: width 800ms ease;
  }
  dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 8px 16px;
    padding-top: 20px;
    border-top: 1px solid var(--divider-color);
    font-size: 15px;
    line-height: 1.35;
  }
  dt {
    color: var(--oveit-soft-text);
  }
  dd {
    text-align: end;
  }
  dd.alert {
    grid-column: 1 / -1;
    padding: 8px 12px;
    display: flex;
    gap: 12px;
    align-items: center;
    border-radius: 12px;
    text-align: start;
    font-weight: 500;
    background: color-mix(in srgb, var(--oveit-amber) 24%, transparent);
  }
  @container (max-width: 420px) {
    .hours span:nth-child(even) {
      display: none;
    }
  }
  @container (min-width: 620px) {
    .event {
      padding: 32px;
      grid-template-columns: minmax(240px, 2fr) 3fr;
      grid-template-rows: auto auto 1fr;
      gap: 28px 40px;
    }
    h2,
    dl,
    .preparing {
      grid-column: 1 / -1;
    }
    h2 {
      font-size: 28px;
    }
    .top {
      grid-row: span 2;
      align-content: start;
    }
    .top:nth-last-child(2) {
      grid-column: 1 / -1;
    }
    .plot svg {
      height: 160px;
    }
    dl {
      grid-template-columns: auto 1fr auto 1fr;
    }
    dd {
      text-align: start;
    }
  }
`;
