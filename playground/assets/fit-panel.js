// @ts-check
// What makes the files of the form acceptable: the steps, the choices, and the button that makes new files.

import { errorDetails, fit, planFit } from './api.js';
import { h, icon, setChildren } from './base/dom.js';
import { announce } from './base/ui.js';
import { label } from './fields.js';
import { notice, withoutField } from './media-field.js';

/** @typedef {import('./api.js').FitPlan} FitPlan */
/** @typedef {import('./api.js').FitStep} FitStep */
/** @typedef {import('./api.js').Report} Report */
/** @typedef {import('./fields.js').Form} Form */

/** How long to wait for further choices before they are planned, in milliseconds. */
const PLAN_DELAY = 250;

/** @typedef {{ state: 'planning' | 'making' } | { state: 'planned', plan: FitPlan } | { state: 'failed', message: string }} PanelState */

export class FitPanel {
  /** @param {HTMLElement} element */
  constructor(element) {
    /** @private */
    this.element = element;
    /** @private @type {Form | null} */
    this.form = null;
    /** The files that the panel is about. @private */
    this.key = '';
    /** @private @type {PanelState} */
    this.now = { state: 'planning' };
    /** What runs. @private @type {AbortController | null} */
    this.running = null;
    /** @private */
    this.timer = 0;
    /** @private */
    this.choices = new Choices(() => this.replan());
    /** @private */
    this.content = h('div', { class: 'fit__content' });
    /** @private */
    this.end = h('div', { class: 'fit__end' });
    setChildren(
      element,
      h('h2', { id: 'fit-title', class: 'fit__title' }, icon('bolt'), 'Make it fit'),
      this.content,
      this.choices.element,
      this.end,
    );
  }

  /**
   * Shows what can be done about a report, or nothing if nothing can be done.
   *
   * @param {Form} form
   * @param {Report} report
   */
  show(form, report) {
    if (!isMendable(report)) return this.hide();
    const key = JSON.stringify([form.model.id, form.fileIds()]);
    if (this.key === key) return;
    this.stop();
    this.form = form;
    this.key = key;
    this.choices.reset();
    this.element.hidden = false;
    void this.plan();
  }

  hide() {
    this.stop();
    this.key = '';
    this.element.hidden = true;
  }

  /** Stops what runs. @private */
  stop() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = null;
  }

  /** The choices changed. @private */
  replan() {
    this.stop();
    this.set({ state: 'planning' });
    this.timer = window.setTimeout(() => void this.plan(), PLAN_DELAY);
  }

  /** @private */
  async plan() {
    await this.attempt('planning', async (input, signal) => {
      const plan = await planFit(input, this.choices.values(), signal);
      if (signal.aborted) return;
      this.choices.offer(plan);
      this.set({ state: 'planned', plan });
    });
  }

  /** @private */
  async make() {
    const { form } = this;
    await this.attempt('making', async (input, signal) => {
      const { files } = await fit(input, this.choices.values(), signal);
      if (signal.aborted || form === null) return;
      const hadFocus = this.element.contains(document.activeElement);
      // The form is checked anew, and the panel comes back if something is left to do.
      this.hide();
      form.showFitted(files);
      announce('The new files are in the form', 'success');
      if (hadFocus) document.getElementById('run')?.focus();
    });
  }

  /**
   * @private
   * @param {'planning' | 'making'} state
   * @param {(input: { model: string, values: import('./api.js').Values }, signal: AbortSignal) => Promise<void>} work
   */
  async attempt(state, work) {
    const { form } = this;
    if (form === null) return;
    this.stop();
    const running = new AbortController();
    this.running = running;
    this.set({ state });
    try {
      await work({ model: form.model.id, values: form.values() }, running.signal);
    } catch (error) {
      if (running.signal.aborted) return;
      if (state === 'planning') setChildren(this.content);
      this.set({ state: 'failed', message: errorDetails(error).message });
    }
  }

  /** @private */
  cancel() {
    this.stop();
    announce('Stopped. Nothing was changed.');
    void this.plan();
    this.element.focus();
  }

  /**
   * @private
   * @param {PanelState} now
   */
  set(now) {
    this.now = now;
    const isMaking = now.state === 'making';
    this.choices.setDisabled(isMaking);
    if (now.state === 'planned') {
      setChildren(this.content, planView(now.plan, this.form?.order ?? []));
    }
    this.content.dataset['state'] = now.state;
    setChildren(this.end, this.endView(now));
  }

  /**
   * @private
   * @param {PanelState} now
   * @returns {import('./base/dom.js').Child[]}
   */
  endView(now) {
    switch (now.state) {
      case 'planning':
        return [busy('Reading the files…')];
      case 'making':
        return [busy('ffmpeg makes new files…'), button('cross', 'Cancel', () => this.cancel())];
      case 'failed':
        return [
          notice('danger', now.message),
          button('refresh', 'Try again', () => void this.plan()),
        ];
      case 'planned':
        return canMake(now.plan)
          ? [
              button('bolt', 'Fit it', () => void this.make(), 'button--primary'),
              h(
                'p',
                { class: 'muted' },
                'Makes new files on this machine. Yours stay as they are.',
              ),
            ]
          : [];
    }
  }
}

/** The choices: borders or crop, the part to keep, and whether short files are extended. */
class Choices {
  /** @param {() => void} onChange */
  constructor(onChange) {
    /** @private @type {HTMLInputElement[]} */
    this.inputs = [];
    const input = (/** @type {Record<string, unknown>} */ properties) => {
      const element = h('input', properties);
      element.addEventListener(element.type === 'number' ? 'input' : 'change', onChange);
      this.inputs.push(element);
      return element;
    };
    const radio = (/** @type {string} */ value) =>
      input({ type: 'radio', name: 'fit-framing', value });
    /** @private */
    this.borders = radio('borders');
    /** @private */
    this.crop = radio('crop');
    const time = (/** @type {string} */ id) =>
      input({ type: 'number', class: 'input', id, min: 0, step: 'any', inputmode: 'decimal' });
    /** @private */
    this.from = time('fit-from');
    /** @private */
    this.to = time('fit-to');
    /** @private */
    this.extend = input({ type: 'checkbox' });
    /** @private */
    this.framingGroup = h(
      'fieldset',
      { class: 'choice' },
      h('legend', {}, 'A picture of another shape'),
      h('label', {}, this.borders, 'Add borders'),
      h('label', {}, this.crop, 'Crop'),
    );
    /** @private */
    this.partGroup = h(
      'fieldset',
      { class: 'choice' },
      h('legend', {}, 'The part to keep, in seconds'),
      h('label', { for: 'fit-from' }, 'From'),
      this.from,
      h('label', { for: 'fit-to' }, 'To'),
      this.to,
    );
    /** @private */
    this.extendGroup = h(
      'label',
      { class: 'choice' },
      this.extend,
      'Extend what is too short: hold the last frame, and add silence',
    );
    this.element = h(
      'div',
      { class: 'fit__choices' },
      this.framingGroup,
      this.partGroup,
      this.extendGroup,
    );
    this.reset();
  }

  reset() {
    this.borders.checked = true;
    this.crop.checked = false;
    this.extend.checked = false;
    [this.from.value, this.to.value] = ['', ''];
    for (const group of [this.framingGroup, this.partGroup, this.extendGroup]) group.hidden = true;
  }

  /**
   * Shows the choices that a plan has. A choice that was made stays.
   *
   * @param {FitPlan} plan
   */
  offer(plan) {
    const steps = Object.values(plan.files).flatMap((file) => file.steps);
    const { from, to } = this.values();
    const cut = steps.find((step) => step.kind === 'cut');
    if (steps.some((step) => step.framing !== undefined)) this.framingGroup.hidden = false;
    if (cut !== undefined || from !== null || to !== null) this.partGroup.hidden = false;
    this.extendGroup.hidden = !plan.can_extend;
    if (cut?.start_seconds === undefined || cut.duration_seconds === undefined) return;
    const [start, end] = [cut.start_seconds, cut.start_seconds + cut.duration_seconds];
    this.from.placeholder = String(start);
    this.to.placeholder = String(Math.round(end * 1000) / 1000);
  }

  /** @returns {import('./api.js').FitChoices} */
  values() {
    const time = (/** @type {HTMLInputElement} */ input) =>
      Number.isNaN(input.valueAsNumber) ? null : input.valueAsNumber;
    const [from, to] = [time(this.from), time(this.to)];
    return { crop: this.crop.checked, from, to, extend: this.extend.checked };
  }

  /** @param {boolean} isDisabled */
  setDisabled(isDisabled) {
    for (const input of this.inputs) input.disabled = isDisabled;
  }
}

/**
 * Whether a report has errors about files that may be mended.
 *
 * @param {Report} report
 */
export const isMendable = (report) =>
  report.violations.some(
    (it) => it.level === 'error' && (it.fix !== null || it.rule === 'duration'),
  );

/** @param {FitPlan} plan */
function canMake({ files }) {
  const plans = Object.values(files);
  return plans.length > 0 && plans.every(({ remaining }) => remaining.length === 0);
}

/**
 * Returns the steps of a plan, and what no step mends.
 *
 * @param {FitPlan} plan
 * @param {string[]} order the names of the fields as the form shows them
 */
function planView({ files }, order) {
  const fields = Object.entries(files).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const steps = fields.flatMap(([field, { steps }]) => steps.map((step) => stepView(field, step)));
  const remaining = fields.flatMap(([field, { remaining }]) =>
    remaining.map(({ message }) =>
      notice('danger', `${label(field)}: ${withoutField(message, field)}`),
    ),
  );
  return [steps.length > 0 && h('ul', { class: 'fit__steps' }, steps), ...remaining];
}

/**
 * @param {string} field
 * @param {FitStep} step
 */
function stepView(field, step) {
  return h(
    'li',
    {},
    h('span', { class: 'fit__field' }, label(field)),
    h('span', {}, sentence(step.description)),
    step.lossy && h('span', { class: 'badge', dataset: { tone: 'warning' } }, 'loses quality'),
  );
}

/** @param {string} text */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {string} text */
const busy = (text) =>
  h('p', { class: 'fit__busy', role: 'status' }, h('span', { class: 'spinner' }), text);

/**
 * @param {import('./base/dom.js').IconName} name
 * @param {string} text
 * @param {() => void} onclick
 * @param {string} [kind]
 */
const button = (name, text, onclick, kind = '') =>
  h('button', { class: `button ${kind}`.trim(), type: 'button', onclick }, icon(name), text);
