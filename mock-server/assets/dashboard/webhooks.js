// @ts-check
// The webhooks of the world and their attempts.

import { h, icon, setChildren } from './base/dom.js';
import { formatCount, formatTime } from './base/format.js';
import { showEmpty } from './base/ui.js';

/** @typedef {import('./api.js').Webhook} Webhook */
/** @typedef {import('./api.js').WorldApi} WorldApi */

/** How many deliveries are shown, newest first. */
const MAX_SHOWN = 100;

/** @type {Record<string, [string, string]>} */
const STATES = {
  waiting: ['waiting', 'info'],
  delivered: ['delivered', 'success'],
  given_up: ['given up', 'danger'],
  dropped: ['dropped', 'warning'],
};

/** Shows the deliveries. */
export class WebhookPanel {
  /**
   * @param {HTMLElement} element
   * @param {WorldApi} api
   */
  constructor(element, api) {
    /** @private */
    this.element = element;
    /** @private */
    this.api = api;
    /** @private @type {Map<number, Webhook>} */
    this.webhooks = new Map();
    /** @private */
    this.isDirty = true;
  }

  /** @param {Webhook} webhook */
  add(webhook) {
    this.webhooks.set(webhook.number, webhook);
    this.isDirty = true;
  }

  clear() {
    this.webhooks.clear();
    this.isDirty = true;
  }

  draw() {
    if (!this.isDirty) return;
    this.isDirty = false;
    if (this.webhooks.size === 0) {
      showEmpty(
        this.element,
        'No webhooks yet',
        'They are sent when a job ends whose submit has a webhook URL.',
      );
      return;
    }
    const focused = document.activeElement?.getAttribute('data-webhook');
    const all = [...this.webhooks.values()].sort((one, other) => other.number - one.number);
    const shown = all.slice(0, MAX_SHOWN);
    const older = all.length - shown.length;
    setChildren(
      this.element,
      h(
        'ul',
        { class: 'rows' },
        shown.map((webhook) => this.row(webhook)),
      ),
      older > 0 &&
        h(
          'p',
          { class: 'muted panel-note' },
          `${formatCount(older, 'older delivery', 'older deliveries')} not shown`,
        ),
    );
    const button = focused ? this.element.querySelector(`[data-webhook="${focused}"]`) : null;
    if (button instanceof HTMLElement) button.focus();
  }

  /**
   * @private
   * @param {Webhook} webhook
   */
  row(webhook) {
    const [label, tone] = STATES[webhook.state] ?? [webhook.state, ''];
    const attempts = webhook.attempts
      .slice(-4)
      .map((attempt) =>
        h(
          'li',
          { class: 'muted numeric' },
          `${formatTime(attempt.at)} · ${attempt.status === null ? (attempt.error ?? 'sending') : `HTTP ${attempt.status}`}`,
        ),
      );
    return h(
      'li',
      { class: 'row' },
      h(
        'div',
        { class: 'row__main' },
        h(
          'span',
          { class: 'job__badges' },
          h('span', { class: 'badge', dataset: { tone } }, label),
          h(
            'span',
            { class: 'muted' },
            `#${webhook.number}${webhook.copy > 0 ? `, copy ${webhook.copy}` : ''}`,
          ),
        ),
        h('code', { class: 'truncate', title: webhook.url }, webhook.url),
        h(
          'span',
          { class: 'muted' },
          `job ${webhook.job_id.slice(0, 8)} · ${formatCount(webhook.attempts.length, 'attempt')}`,
        ),
        h('ul', { class: 'attempts' }, attempts),
      ),
      h(
        'button',
        {
          class: 'button button--small',
          type: 'button',
          'data-webhook': String(webhook.number),
          'aria-label': `Redeliver webhook ${webhook.number}`,
          onclick: () => void this.api.call('POST', `webhooks/${webhook.number}/redeliver`),
        },
        icon('send'),
        'Redeliver',
      ),
    );
  }
}
