// @ts-check
// The jobs and what they cost.

import { h, icon, setChildren, setText } from './base/dom.js';
import { formatCount, formatDuration, formatUsd } from './base/format.js';
import { copyButton, showEmpty, stateBadge } from './base/ui.js';

/** @typedef {import('./api.js').Job} Job */
/** @typedef {import('./api.js').Ledger} Ledger */
/** @typedef {import('./api.js').WorldApi} WorldApi */

/** How many jobs and charges are shown, newest first. */
const MAX_SHOWN = 100;
const ENDED = new Set(['completed', 'failed', 'cancelled', 'timeout', 'deleted']);

/** Shows the jobs. */
export class JobPanel {
  /**
   * @param {HTMLElement} element
   * @param {WorldApi} api
   */
  constructor(element, api) {
    /** @private */
    this.element = element;
    /** @private */
    this.api = api;
    /** All jobs by id, oldest first. @type {Map<string, Job>} */
    this.jobs = new Map();
    /** @private @type {Map<string, { element: HTMLElement, drawn: Job, time: HTMLElement }>} */
    this.cards = new Map();
    /** @private */
    this.list = h('ul', { class: 'rows' });
    /** @private */
    this.note = h('p', { class: 'muted panel-note' });
    /** @private */
    this.empty = h('div');
    showEmpty(this.empty, 'No jobs yet', 'Each accepted submit creates one.');
    element.append(this.empty, this.list, this.note);
    /** @private */
    this.isDirty = true;
    /** @private */
    this.running = 0;
  }

  /** @param {Job} job */
  add(job) {
    const before = this.jobs.get(job.id);
    this.running +=
      Number(!ENDED.has(job.status)) - Number(before !== undefined && !ENDED.has(before.status));
    this.jobs.set(job.id, job);
    this.isDirty = true;
  }

  clear() {
    this.jobs.clear();
    this.running = 0;
    this.isDirty = true;
  }

  counts() {
    return { running: this.running, ended: this.jobs.size - this.running };
  }

  /** Returns when a job changes next by its timeline. */
  nextChange() {
    const dates = [...this.jobs.values()].flatMap((job) => job.next_change_at ?? []);
    return dates.sort()[0] ?? null;
  }

  /** Returns the newest jobs. */
  newest() {
    return [...this.jobs.values()].slice(-MAX_SHOWN).reverse();
  }

  draw() {
    if (!this.isDirty) return;
    this.isDirty = false;
    const shown = this.newest();
    const ids = new Set(shown.map((job) => job.id));
    for (const [id, card] of this.cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    shown.forEach((job, at) => {
      const card = this.card(job);
      if (this.list.children[at] !== card)
        this.list.insertBefore(card, this.list.children[at] ?? null);
    });
    this.empty.hidden = shown.length > 0;
    const older = this.jobs.size - shown.length;
    setText(this.note, older > 0 ? `${formatCount(older, 'older job')} not shown` : '');
  }

  /** @param {number} now the time of the world, in milliseconds since 1970 */
  drawTimes(now) {
    for (const { drawn, time } of this.cards.values()) {
      setText(time, timeText(drawn, now));
    }
  }

  /**
   * @private
   * @param {Job} job
   */
  card(job) {
    const known = this.cards.get(job.id);
    if (known?.drawn === job) return known.element;
    if (known !== undefined && sameButtons(known.drawn, job)) {
      // The buttons stay: one may have the focus.
      known.drawn = job;
      const badges = known.element.querySelector('.job__badges');
      if (badges !== null) setChildren(badges, ...this.badges(job));
      const facts = known.element.querySelector('.job__facts');
      if (facts !== null) setText(facts, factsOf(job));
      return known.element;
    }
    const focused = known?.element.contains(document.activeElement)
      ? document.activeElement?.getAttribute('data-action')
      : null;
    const time = h('span', { class: 'job__time muted numeric' });
    const element = h(
      'li',
      { class: 'row job', dataset: { job: job.id } },
      h(
        'div',
        { class: 'row__main' },
        h(
          'span',
          { class: 'job__head' },
          h('span', { class: 'job__badges' }, ...this.badges(job)),
          h('span', { class: 'job__facts muted numeric' }, factsOf(job)),
        ),
        h(
          'span',
          { class: 'job__id' },
          h('code', { class: 'truncate', title: job.id }, job.id),
          copyButton(() => job.id, `the id of job ${short(job.id)}`),
        ),
        h(
          'span',
          { class: 'job__line' },
          h('span', { class: 'muted truncate job__model', title: job.model }, job.model),
          time,
        ),
      ),
      h(
        'div',
        { class: 'button-group job__actions' },
        actionsOf(job).map((action) => this.button(job, action)),
      ),
    );
    known?.element.replaceWith(element);
    this.cards.set(job.id, { element, drawn: job, time });
    if (focused)
      /** @type {HTMLElement | null} */ (element.querySelector('button[data-action]'))?.focus();
    return element;
  }

  /**
   * @private
   * @param {Job} job
   */
  badges(job) {
    return [
      stateBadge(job.status),
      job.forced
        ? h(
            'span',
            { class: 'badge', dataset: { tone: 'accent' } },
            ENDED.has(job.status) ? 'set by hand' : 'held',
          )
        : null,
      job.orphaned ? h('span', { class: 'badge', dataset: { tone: 'danger' } }, 'orphaned') : null,
      job.duplicate
        ? h('span', { class: 'badge', dataset: { tone: 'danger' } }, 'duplicate')
        : null,
    ].filter((badge) => badge !== null);
  }

  /**
   * @private
   * @param {Job} job
   * @param {string} action
   */
  button(job, action) {
    const label = action.charAt(0).toUpperCase() + action.slice(1);
    return h(
      'button',
      {
        class: 'button button--small',
        type: 'button',
        'data-action': action,
        'aria-label': `${label} job ${short(job.id)}`,
        onclick: () => void this.api.call('POST', `jobs/${encodeURIComponent(job.id)}/${action}`),
      },
      label,
    );
  }
}

/** @param {Job} job */
function actionsOf(job) {
  if (job.status === 'deleted') return [];
  const isEnded = ENDED.has(job.status);
  const actions = isEnded ? [] : ['complete', 'fail'];
  if (job.forced) actions.push('release');
  else if (!isEnded) actions.push('hold');
  return actions;
}

/**
 * @param {Job} one
 * @param {Job} other
 */
function sameButtons(one, other) {
  return actionsOf(one).join() === actionsOf(other).join();
}

/** @param {Job} job */
function factsOf(job) {
  return `${formatUsd(job.price_usd)} · ${formatCount(job.polls, 'poll')}`;
}

/** @param {string} id */
function short(id) {
  return id.slice(0, 8);
}

/**
 * @param {Job} job
 * @param {number} now
 */
function timeText(job, now) {
  if (job.next_change_at === null) return job.delivered ? 'delivered' : '';
  const left = Date.parse(job.next_change_at) - now;
  return left > 0 ? `changes in ${formatDuration(left)}` : 'changes now';
}

/** Shows the charges. */
export class LedgerPanel {
  /**
   * @param {HTMLElement} element
   * @param {JobPanel} jobs
   */
  constructor(element, jobs) {
    /** @private */
    this.jobs = jobs;
    /** @private */
    this.element = element;
    /** @private @type {Ledger | null} */
    this.totals = null;
    /** @private */
    this.isDirty = true;
  }

  /** @param {Ledger} totals */
  setTotals(totals) {
    this.totals = totals;
    this.isDirty = true;
  }

  draw() {
    if (!this.isDirty || this.totals === null) return;
    this.isDirty = false;
    const { totals } = this;
    if (totals.charges === 0) {
      showEmpty(this.element, 'No charges yet', 'Each accepted submit is a charge.');
      return;
    }
    const sums = /** @type {[string, number, boolean?][]} */ ([
      ['Charged', totals.total_usd],
      ['Kept after refunds', totals.kept_usd],
      ['Delivered', totals.delivered_usd],
      [`Orphaned (${totals.orphaned})`, totals.orphaned_usd, totals.orphaned > 0],
      [`Duplicate (${totals.duplicates})`, totals.duplicate_usd, totals.duplicates > 0],
    ]);
    const shown = this.jobs.newest();
    const head = ['Job', 'Result', 'USD'].map((name, at) =>
      h('th', { scope: 'col', class: at === 2 ? 'numeric' : '' }, name),
    );
    const older = totals.charges - shown.length;
    setChildren(
      this.element,
      h(
        'dl',
        { class: 'ledger-sums' },
        sums.map(([name, usd, isBad]) =>
          h(
            'div',
            { class: isBad === true ? 'is-bad' : '' },
            h('dt', {}, name),
            h('dd', { class: 'numeric' }, formatUsd(usd)),
          ),
        ),
      ),
      h(
        'table',
        { class: 'table' },
        h('caption', { class: 'visually-hidden' }, 'Charges, newest first'),
        h('thead', {}, h('tr', {}, head)),
        h('tbody', {}, shown.map(charge)),
      ),
      older > 0 &&
        h('p', { class: 'muted panel-note' }, `${formatCount(older, 'older charge')} not shown`),
    );
  }
}

/** @param {Job} job */
function charge(job) {
  const isBad = job.orphaned || job.duplicate;
  const remarks = [];
  if (job.orphaned) remarks.push('orphaned');
  if (job.duplicate) remarks.push('duplicate');
  if (remarks.length === 0)
    remarks.push(job.status === 'failed' ? 'refunded' : job.delivered ? 'delivered' : 'pending');
  return h(
    'tr',
    { class: isBad ? 'is-bad' : '' },
    h('td', {}, h('code', { title: `${job.id} ${job.model}` }, short(job.id))),
    h(
      'td',
      {},
      isBad
        ? h('span', { class: 'with-icon' }, icon('alert'), remarks.join(', '))
        : remarks.join(', '),
    ),
    h('td', { class: 'numeric' }, formatUsd(job.price_usd)),
  );
}
