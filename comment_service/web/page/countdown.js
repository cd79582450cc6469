/** Counts whole seconds down, once a second. */
export class Countdown {
  #tick;
  #endsAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(seconds: number) => void} tick  called at once, each second, and with 0 at the end */
  constructor(tick) {
    this.#tick = tick;
  }

  get running() {
    return this.#timer !== undefined;
  }

  /**
   * Begins anew; of two that overlap the longer counts.
   *
   * @param {number} ms
   */
  start(ms) {
    this.#endsAt = Math.max(this.#endsAt, performance.now() + ms);
    clearTimeout(this.#timer);
    this.#step();
  }

  /** Ends it without a last tick. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#endsAt = 0;
  }

  #step() {
    const left = this.#endsAt - performance.now();
    const seconds = Math.max(0, Math.ceil(left / 1000));
    if (seconds === 0) this.stop();
    else this.#timer = setTimeout(() => this.#step(), left - (seconds - 1) * 1000);
    this.#tick(seconds);
  }
}
