/** Short tones for what a gate decided: high and rising, even, or low and falling. */

import type { Tone } from "./verdict";

const TONES: Record<Tone, [hertz: number, start: number, seconds: number][]> = {
  admitted: [
    [880, 0, 0.12],
    [1320, 0.13, 0.22],
  ],
  unsure: [
    [880, 0, 0.12],
    [880, 0.18, 0.16],
  ],
  refused: [
    [330, 0, 0.2],
    [220, 0.22, 0.4],
  ],
  unchecked: [
    [330, 0, 0.2],
    [330, 0.22, 0.4],
  ],
};

export class Sound {
  private context?: AudioContext;

  /** Takes who wants to know that the browser lets us be heard, or no longer does. */
  constructor(private changed: () => void) {}

  /** Whether the browser lets us be heard; it may ask for a touch first. */
  get ready(): boolean {
    return this.open().state === "running";
  }

  async allow(): Promise<void> {
    await this.open().resume();
  }

  play(tone: Tone): void {
    if (!this.ready) return;
    for (const [hertz, start, seconds] of TONES[tone]) this.beep(hertz, start, seconds);
  }

  close(): void {
    this.context?.removeEventListener("statechange", this.changed);
    void this.context?.close();
    this.context = undefined;
  }

  private open(): AudioContext {
    if (!this.context) {
      this.context = new AudioContext();
      this.context.addEventListener("statechange", this.changed);
    }
    return this.context;
  }

  private beep(hertz: number, start: number, seconds: number): void {
    const context = this.context!;
    const at = context.currentTime + start;
    const oscillator = new OscillatorNode(context, { frequency: hertz });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.linearRampToValueAtTime(0.25, at + 0.01);
    volume.gain.setValueAtTime(0.25, at + seconds - 0.03);
    volume.gain.linearRampToValueAtTime(0, at + seconds);
    oscillator.connect(volume).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + seconds);
  }
}
