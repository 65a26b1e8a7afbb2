// @ts-check
// The choice to dub a whole clip that is longer than the model takes.

import { addDub, errorDetails } from './api.js';
import { h, icon, setChildren } from './base/dom.js';
import { isTooLong } from './dub-plan.js';
import { notice } from './media-field.js';

/** @typedef {import('./api.js').Report} Report */
/** @typedef {import('./fields.js').Form} Form */

export class DubPanel {
  /**
   * @param {HTMLElement} element
   * @param {(dub: import('./api.js').Dub) => void} onPlanned is called with a dub that is being planned
   */
  constructor(element, onPlanned) {
    /** @private */
    this.element = element;
    /** @private */
    this.onPlanned = onPlanned;
    /** @private @type {Form | null} */
    this.form = null;
    /** @private */
    this.skipSilence = h('input', { type: 'checkbox', checked: true });
    /** @private */
    this.crop = h('input', { type: 'checkbox' });
    /** @private */
    this.cropLabel = h('label', { class: 'choice' }, this.crop, 'Crop a picture of another shape');
    /** @private */
    this.button = h(
      'button',
      { class: 'button', type: 'button', onclick: () => void this.press() },
      icon('film'),
      'Plan the dub',
    );
    /** @private */
    this.hint = h('p', { class: 'muted' });
    /** @private */
    this.error = h('div', { class: 'dub__error', role: 'alert' });
    setChildren(
      element,
      h('h2', { id: 'dub-title', class: 'fit__title' }, icon('film'), 'Dub the whole clip'),
      h(
        'p',
        {},
        'The clip is cut in pauses of the voice. Each part is a job, and the results are joined.',
      ),
      h(
        'div',
        { class: 'fit__choices' },
        h(
          'label',
          { class: 'choice' },
          this.skipSilence,
          'Keep the original picture in long silence, which needs no job',
        ),
        this.cropLabel,
      ),
      h('div', { class: 'fit__end' }, this.button, this.hint),
      this.error,
    );
  }

  /**
   * Shows the choice if the clip is too long.
   *
   * @param {Form} form
   * @param {Report} report
   */
  show(form, report) {
    this.form = form;
    const canDub = form.has('video', 'video') && form.has('audio', 'audio');
    this.element.hidden = !(canDub && isTooLong(report));
    const isComplete = report.files['video'] !== undefined && report.files['audio'] !== undefined;
    this.button.disabled = !isComplete;
    this.hint.textContent = isComplete
      ? 'Shows the segments and the price first. That is free.'
      : 'Choose both a video and a voice first.';
    this.cropLabel.hidden = !report.violations.some((it) => it.fix?.framing !== undefined);
    setChildren(this.error);
  }

  hide() {
    this.element.hidden = true;
  }

  /** @private */
  async press() {
    const { form } = this;
    if (form === null) return;
    setChildren(this.error);
    this.button.disabled = true;
    try {
      const input = { model: form.model.id, values: form.values() };
      this.onPlanned(await addDub(input, this.skipSilence.checked, this.crop.checked));
    } catch (error) {
      setChildren(this.error, notice('danger', errorDetails(error).message));
    }
    this.button.disabled = false;
  }
}
