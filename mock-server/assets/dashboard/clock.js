// @ts-check
// The clock of the world: its time, and how it passes.

import { h, icon, setText } from './base/dom.js';
import { formatDate, formatDuration } from './base/format.js';

/** @typedef {import('./api.js').Clock} Clock */
/** @typedef {import('./api.js').WorldApi} WorldApi */

const SPEEDS = [1, 10, 60, 600, 3600];
const STEPS = /** @type {[string, string][]} */ ([
  ['1s', '1 s'],
  ['10s', '10 s'],
  ['1m', '1 min'],
  ['1h', '1 h'],
  ['1d', '1 day'],
  ['next', 'the next change of a job'],
]);

/** Shows and moves the clock. */
export class ClockPanel {
  /**
   * @param {HTMLElement} element
   * @param {WorldApi} api
   * @param {() => string | null} nextChange returns when a job changes next
   */
  constructor(element, api, nextChange) {
    /** @private */
    this.api = api;
    /** @private */
    this.nextChange = nextChange;
    /** @private @type {Clock | null} */
    this.clock = null;
    /** @private */
    this.received = 0;
    /** @private */
    this.time = h('time', { class: 'clock__time numeric' }, '–');
    /** @private */
    this.mode = h('span', { class: 'badge' }, '–');
    /** @private */
    this.pause = h('button', {
      class: 'button button--small',
      type: 'button',
      onclick: () => this.toggle(),
    });
    /** @private */
    this.speed = h(
      'select',
      { class: 'input input--small', 'aria-label': 'Speed', onchange: () => this.run() },
      SPEEDS.map((speed) => h('option', { value: String(speed) }, `${speed}×`)),
    );
    /** @private */
    this.step = h(
      'select',
      { class: 'input input--small', 'aria-label': 'Length of the step' },
      STEPS.map(([value, label]) => h('option', { value }, label)),
    );
    const advance = h(
      'button',
      { class: 'button button--small', type: 'button', onclick: () => void this.advance() },
      icon('step'),
      'Step',
    );
    element.append(
      h('div', { class: 'clock__now' }, icon('clock'), this.time, this.mode),
      h(
        'div',
        { class: 'clock__tools' },
        this.pause,
        this.speed,
        h('span', { class: 'clock__step' }, advance, this.step),
      ),
    );
  }

  /** @param {Clock} clock */
  set(clock) {
    this.clock = clock;
    this.received = performance.now();
    const speed = this.scale();
    const isRunning = speed > 0;
    const label = isRunning ? 'Pause' : 'Run';
    this.pause.replaceChildren(icon(isRunning ? 'hold' : 'play'), label);
    const known = [...this.speed.options].find((option) => Number(option.value) === speed);
    if (known !== undefined) this.speed.value = known.value;
    const name =
      typeof clock.mode === 'string' ? (MODES[clock.mode] ?? clock.mode) : `${speed}× real time`;
    setText(this.mode, name);
    this.mode.dataset.tone = isRunning ? 'success' : 'warning';
  }

  /** Returns the time of the world now, in milliseconds since 1970. */
  now() {
    if (this.clock === null) return 0;
    return Date.parse(this.clock.now) + (performance.now() - this.received) * this.scale();
  }

  draw() {
    if (this.clock === null) return;
    const now = this.now();
    const text = Number.isNaN(now) ? this.clock.now : formatDate(new Date(now).toISOString());
    setText(this.time, text);
    const passed =
      this.clock.elapsed_seconds * 1000 + (performance.now() - this.received) * this.scale();
    const title = `${formatDuration(passed)} since the start`;
    if (this.time.title !== title) this.time.title = title;
  }

  /** @private */
  scale() {
    const mode = this.clock?.mode;
    if (mode === 'real') return 1;
    return typeof mode === 'object' ? mode.scaled : 0;
  }

  /** @private */
  toggle() {
    if (this.scale() > 0) void this.api.call('POST', 'clock', { mode: 'manual' });
    else this.run();
  }

  /** @private */
  run() {
    const speed = Number(this.speed.value);
    void this.api.call('POST', 'clock', { mode: speed === 1 ? 'real' : { scaled: speed } });
  }

  /** @private */
  async advance() {
    if (this.step.value !== 'next') {
      await this.api.call('POST', 'clock', { advance: this.step.value });
      return;
    }
    const next = this.nextChange();
    if (next !== null) await this.api.call('POST', 'clock', { to: next });
  }
}

/** @type {Record<string, string>} */
const MODES = {
  real: 'Real time',
  manual: 'Paused',
  auto: 'Moved by polls',
  virtual: 'Moved by the client',
};
