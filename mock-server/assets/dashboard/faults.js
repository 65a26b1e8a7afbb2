// @ts-check
// The faults of the world: injects, lists and removes them.

import { h, icon, setChildren } from './base/dom.js';
import { announce, showEmpty } from './base/ui.js';
import { VOCABULARY, actionOf, describeAction } from './vocabulary.js';

/** @typedef {import('./api.js').Fault} Fault */
/** @typedef {import('./api.js').FaultCount} FaultCount */
/** @typedef {import('./api.js').WorldApi} WorldApi */

const KINDS = ['poll', 'submit', 'presign', 'put', 'output', 'history', 'other', 'any'];

/** @type {[string, Fault][]} */
const COMMON = [
  ['Next poll: 503', { at: 'poll', nth: 1, do: { status: 503 } }],
  ['Next poll: reset', { at: 'poll', nth: 1, do: 'reset' }],
  ['Next submit: 429', { at: 'submit', nth: 1, do: { status: 429, retry_after: '7s' } }],
  [
    'Next submit: reset after the charge',
    { at: 'submit', nth: 1, when: 'after_accept', do: 'reset' },
  ],
  ['Next upload: reset', { at: 'put', nth: 1, do: { close_mid_upload: 1000 } }],
  ['Next download: cut', { at: 'output', nth: 1, do: { reset_at: 1000 } }],
];

/** Shows the faults. */
export class FaultPanel {
  /**
   * @param {HTMLElement} element
   * @param {WorldApi} api
   */
  constructor(element, api) {
    /** @private */
    this.api = api;
    /** @private @type {FaultCount[]} */
    this.counts = [];
    /** @private */
    this.isDirty = true;
    /** @private */
    this.list = h('div', { class: 'fault-list' });
    element.append(
      h(
        'section',
        { class: 'panel-section', 'aria-label': 'Common faults' },
        h('h3', {}, 'Break the next request'),
        h(
          'div',
          { class: 'button-group' },
          COMMON.map(([label, fault]) =>
            h(
              'button',
              {
                class: 'button button--small',
                type: 'button',
                onclick: () => void this.add(fault),
              },
              label,
            ),
          ),
        ),
      ),
      this.form(),
      h(
        'section',
        { class: 'panel-section', 'aria-label': 'Faults of this world' },
        h('h3', {}, 'Faults of this world'),
        this.list,
      ),
    );
  }

  /** @param {FaultCount[]} counts */
  set(counts) {
    this.counts = counts;
    this.isDirty = true;
  }

  draw() {
    if (!this.isDirty) return;
    this.isDirty = false;
    if (this.counts.length === 0) {
      showEmpty(
        this.list,
        'Nothing breaks',
        'Faults of the scenario and those that you add appear here.',
      );
      return;
    }
    const clear = h(
      'button',
      {
        class: 'button button--small button--danger',
        type: 'button',
        onclick: () => void this.api.call('DELETE', 'faults'),
      },
      icon('trash'),
      'Remove all',
    );
    setChildren(
      this.list,
      h(
        'ul',
        { class: 'rows' },
        this.counts.map((count) => this.row(count)),
      ),
      clear,
    );
  }

  /**
   * @private
   * @param {FaultCount} count
   */
  row({ index, fault, triggered, remaining }) {
    const isSpent = remaining === 0;
    const what = describeAction(fault.do);
    const state = isSpent ? 'Spent' : remaining === null ? 'Active' : `${remaining} left`;
    return h(
      'li',
      { class: 'row' },
      h(
        'div',
        { class: 'row__main' },
        h('span', { class: 'row__title' }, icon('bolt'), h('span', {}, what)),
        h('span', { class: 'muted' }, `${conditions(fault)} · triggered ${triggered}×`),
      ),
      h('span', { class: 'badge', dataset: { tone: isSpent ? '' : 'danger' } }, state),
      h(
        'button',
        {
          class: 'button button--small button--icon button--quiet',
          type: 'button',
          'aria-label': `Remove the fault ${what}`,
          onclick: () => void this.api.call('DELETE', `faults/${index}`),
        },
        icon('trash'),
      ),
    );
  }

  /** @private */
  form() {
    const words = VOCABULARY.flatMap(([, list]) => list);
    const kind = h(
      'select',
      { class: 'input' },
      KINDS.map((name) => h('option', {}, name)),
    );
    const action = h(
      'select',
      { class: 'input' },
      VOCABULARY.map(([group, list]) =>
        h(
          'optgroup',
          { label: group },
          list.map((word) => h('option', { value: String(words.indexOf(word)) }, word.label)),
        ),
      ),
    );
    const value = h('input', { class: 'input mono', spellcheck: 'false' });
    const which = h(
      'select',
      { class: 'input' },
      h('option', { value: 'next' }, 'The next one'),
      h('option', { value: 'three' }, 'The next three'),
      h('option', { value: 'second' }, 'Every second one'),
      h('option', { value: 'all' }, 'Every one'),
      h('option', { value: 'half' }, 'Half of them, at random'),
    );
    const when = h(
      'select',
      { class: 'input' },
      h('option', { value: 'before_accept' }, 'Before it has an effect'),
      h('option', { value: 'after_accept' }, 'After it has its effect'),
    );
    const error = h('p', { class: 'field__error', role: 'alert' });
    const valueField = field('Value', value);
    const word = () => words[Number(action.value)] ?? words[0];
    const showValue = () => {
      const example = word()?.value;
      valueField.hidden = example === undefined;
      value.value = typeof example === 'string' ? example : JSON.stringify(example ?? '');
    };
    action.addEventListener('change', showValue);
    showValue();
    const submit = async () => {
      const chosen = word();
      if (chosen === undefined) return;
      error.textContent = '';
      value.removeAttribute('aria-invalid');
      const parsed = typeof chosen.value === 'string' ? value.value : parse(value.value);
      if (chosen.value !== undefined && parsed === undefined) {
        error.textContent = `The value must be JSON such as ${JSON.stringify(chosen.value)}`;
        value.setAttribute('aria-invalid', 'true');
        value.focus();
        return;
      }
      await this.add({
        at: kind.value,
        when: when.value,
        ...WHICH[which.value],
        do: actionOf(chosen, parsed),
      });
    };
    return h(
      'form',
      {
        class: 'panel-section',
        'aria-label': 'Add a fault',
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          void submit();
        },
      },
      h('h3', {}, 'Any fault'),
      h(
        'div',
        { class: 'fields' },
        field('Request', kind),
        field('Fault', action),
        valueField,
        field('Which', which),
        field('When', when),
      ),
      error,
      h('button', { class: 'button button--primary', type: 'submit' }, icon('bolt'), 'Add fault'),
    );
  }

  /**
   * @private
   * @param {Fault} fault
   */
  async add(fault) {
    const result = await this.api.call('POST', 'faults', fault);
    if (result !== undefined)
      announce(`Added: ${describeAction(fault.do)} at ${conditions(fault)}`, 'success');
  }
}

/** @type {Record<string, Partial<Fault>>} */
const WHICH = {
  next: { nth: 1 },
  three: { until: 3 },
  second: { every: 2 },
  all: {},
  half: { probability: 0.5 },
};

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} label
 * @param {HTMLElement} input
 */
function field(label, input) {
  return h('label', { class: 'field' }, h('span', { class: 'field__label' }, label), input);
}

/**
 * Returns which requests trigger a fault, in a few words.
 *
 * @param {Fault} fault
 */
function conditions(fault) {
  const parts = [fault.at];
  if (fault.nth !== undefined) parts.push(`number ${[fault.nth].flat().join(', ')}`);
  if (fault.every !== undefined) parts.push(`every ${fault.every}`);
  if (fault.until !== undefined) parts.push(`the first ${fault.until}`);
  if (fault.probability !== undefined)
    parts.push(`${Math.round(fault.probability * 100)}% of them`);
  if (fault.when === 'after_accept') parts.push('after its effect');
  return parts.join(', ');
}
