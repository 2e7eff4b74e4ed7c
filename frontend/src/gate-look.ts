import { css } from "lit";

export const gateLook = css`
  ha-card {
    min-height: 420px;
    container-type: inline-size;
  }
  .gate {
    min-height: 416px;
    height: 100%;
    padding: 24px;
    display: flex;
    flex-direction: column;
    gap: 20px;
  }
  header {
    display: grid;
    gap: 4px;
    justify-items: start;
  }
  h2 {
    font-size: clamp(22px, 6cqi, 44px);
    font-weight: 600;
    line-height: 1.15;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
  }
  .prompt {
    font-size: clamp(16px, 3.6cqi, 26px);
    line-height: 1.35;
    color: var(--oveit-soft-text);
  }
  .rehearsal {
    margin: 4px 0;
    padding: 4px 14px;
    border: 2px dashed var(--oveit-soft-text);
    border-radius: 16px;
    font-size: clamp(16px, 3.6cqi, 26px);
    font-weight: 600;
    line-height: 1.35;
  }
  .pill {
    margin-top: 8px;
    min-height: 44px;
    padding: 0 18px 0 14px;
    display: inline-flex;
    gap: 8px;
    align-items: center;
    border-radius: 22px;
    background: var(--oveit-quiet);
    font-weight: 500;
  }
  .count {
    flex: 1;
    min-height: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    border-radius: 16px;
    text-align: center;
  }
  .count .number {
    font-size: clamp(72px, 24cqi, 240px);
    font-weight: 300;
    line-height: 1;
    letter-spacing: -0.02em;
  }
  .count .what {
    margin-top: 8px;
    font-size: clamp(17px, 4cqi, 30px);
    line-height: 1.3;
  }
  .count .hour {
    margin-top: 2px;
    font-size: clamp(15px, 3.2cqi, 22px);
    color: var(--oveit-soft-text);
  }
  .rows {
    margin: 0;
    padding: 0;
    list-style: none;
    display: grid;
    gap: 10px;
    font-size: clamp(15px, 2.6cqi, 19px);
    line-height: 1.35;
  }
  .rows li {
    display: flex;
    gap: 12px;
    align-items: center;
    color: var(--oveit-soft-text);
  }
  .rows li.alert {
    margin: 0 -12px;
    padding: 8px 12px;
    border-radius: 12px;
    color: var(--primary-text-color);
    font-weight: 500;
    background: color-mix(in srgb, var(--oveit-amber) 24%, transparent);
  }
  .dot {
    width: 1.25em;
    height: 1.25em;
    flex: none;
    display: grid;
    place-items: center;
    border-radius: 50%;
    --tone: var(--oveit-green);
    color: #fff;
    background: var(--tone);
  }
  .dot.unsure {
    --tone: var(--oveit-amber);
    color: #1c1300;
  }
  .dot.refused {
    --tone: var(--oveit-red);
  }
  .dot.unchecked {
    --tone: var(--oveit-blue);
  }
  .dot.trial {
    border: 2px solid var(--tone);
    background: none;
    color: var(--primary-text-color);
  }
  .dot .icon {
    width: 0.8em;
    height: 0.8em;
  }
  .modes {
    display: grid;
    grid-template-columns: repeat(4, 1fr);
    gap: 4px;
    padding: 4px;
    border-radius: 16px;
    background: var(--oveit-quiet);
  }
  .modes button {
    min-height: 52px;
    min-width: 0;
    padding: 6px 2px;
    display: flex;
    flex-direction: column;
    gap: 2px;
    align-items: center;
    justify-content: center;
    border-radius: 12px;
    text-align: center;
    font-size: clamp(13px, 2.8cqi, 18px);
    color: var(--oveit-soft-text);
  }
  .modes button[aria-pressed="true"] {
    background: color-mix(in srgb, var(--oveit-accent) 26%, var(--card-background-color, #fff));
    color: var(--primary-text-color);
    font-weight: 600;
  }
  .modes button:disabled {
    cursor: default;
    opacity: 0.5;
  }
  .sure {
    margin-top: -8px;
    font-weight: 500;
  }
  .failed {
    margin-top: -8px;
    color: var(--error-color, #b3261e);
    font-weight: 500;
  }
  @container (min-width: 700px) {
    .modes button {
      flex-direction: row;
      gap: 8px;
    }
    .gate {
      padding: 36px 40px;
    }
    .rows {
      grid-template-columns: repeat(3, auto);
      justify-content: space-between;
      align-items: center;
      gap: 10px 24px;
    }
    .rows li.alert {
      margin: 0;
    }
  }
`;
