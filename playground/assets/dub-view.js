// @ts-check
// One dub: its segments on a bar, its price, its progress, and its result beside the source.

import { errorDetails, removeDub, runDub, stopDub } from './api.js';
import { h, icon, setChildren, setText } from './base/dom.js';
import { formatBytes, formatUsd } from './base/format.js';
import { announce } from './base/ui.js';
import {
  clock,
  isDubRunning,
  planSentences,
  priceOf,
  progressText,
  retryLabel,
  runLabel,
  saving,
  segmentState,
} from './dub-plan.js';
import { playBoth } from './job.js';
import { notice } from './media-field.js';

/** @typedef {import('./api.js').Dub} Dub */
/** @typedef {import('./api.js').DubPlan} DubPlan */

/** What a segment's state means. @type {Record<import('./dub-plan.js').SegmentState, string>} */
const WORDS = {
  kept: 'silence, the original picture stays',
  waiting: 'to dub',
  working: 'in progress',
  done: 'dubbed',
  failed: 'failed',
};

/** Shows one dub. A part is made anew only if it changed, so that the focus and a press stay. */
export class DubView {
  /**
   * @param {HTMLElement} element
   * @param {boolean} isLive whether jobs run on the real service
   */
  constructor(element, isLive) {
    /** @private */
    this.element = element;
    /** @private */
    this.isLive = isLive;
    /** @private */
    this.id = '';
    /** What each part shows. @private @type {Map<HTMLElement, string>} */
    this.shown = new Map();
    /** @private */
    this.players = h('div', {});
    /** @private */
    this.timeline = h('div', { class: 'dub__timeline' });
    /** @private */
    this.facts = h('div', { class: 'dub__facts' });
    /** @private */
    this.progress = h('div', { class: 'dub__progress' });
    /** @private */
    this.remarks = h('div', { class: 'remarks' });
    /** @private */
    this.actions = h('div', { class: 'dub__actions' });
    /** Whether the list of the segments is open. @private */
    this.isListOpen = false;
  }

  /** Something else is shown. */
  hide() {
    this.id = '';
  }

  /** @param {Dub} dub */
  show(dub) {
    if (this.id !== dub.id) {
      this.id = dub.id;
      this.shown.clear();
      setChildren(
        this.element,
        this.players,
        this.progress,
        this.timeline,
        this.facts,
        this.remarks,
        this.actions,
      );
    }
    const { plan, phase, output } = dub;
    this.render(this.players, output, () => playersView(dub));
    const states = plan?.segments.map((segment) => segmentState(dub, segment));
    this.render(this.timeline, states, () =>
      plan === null ? [] : [...timelineView(dub, plan), this.listView(dub, plan)],
    );
    // While it runs, what was spent is not known here.
    const spent = phase === 'planned' || isDubRunning(dub) ? null : dub.spent_micros;
    this.render(this.facts, [plan !== null, spent, phase === 'done'], () =>
      plan === null ? [] : this.factsView(dub, plan, spent),
    );
    this.renderProgress(dub);
    this.render(this.remarks, [dub.error, dub.open, phase], () => this.remarksView(dub));
    this.render(this.actions, [phase, dub.run, dub.retry], () => this.actionsView(dub));
  }

  /**
   * @private
   * @param {HTMLElement} part
   * @param {unknown} content what the part shows
   * @param {() => import('./base/dom.js').Child[]} make
   */
  render(part, content, make) {
    const key = JSON.stringify(content) ?? '';
    if (this.shown.get(part) === key) return;
    this.shown.set(part, key);
    const children = make();
    part.hidden = children.every((child) => child === null || child === false);
    setChildren(part, ...children);
  }

  /**
   * @private
   * @param {Dub} dub
   */
  renderProgress(dub) {
    const isRunning = isDubRunning(dub);
    this.render(this.progress, isRunning, () =>
      isRunning
        ? [
            h('progress', { max: 1, 'aria-label': 'The whole dub' }),
            h('p', { class: 'dub__stage numeric' }),
          ]
        : [],
    );
    if (!isRunning) return;
    const bar = this.progress.querySelector('progress');
    if (bar !== null) {
      // Without a value the bar moves: how long the clip is, is not known yet.
      if (dub.phase === 'planning') bar.removeAttribute('value');
      else bar.value = dub.progress?.fraction ?? 0;
    }
    const stage = this.progress.querySelector('.dub__stage');
    if (stage !== null) setText(stage, progressText(dub));
  }

  /**
   * Returns the segments as a table: on the bar, short ones have no room for their lengths.
   *
   * @private
   * @param {Dub} dub
   * @param {DubPlan} plan
   */
  listView(dub, plan) {
    const rows = plan.segments.map((segment, index) =>
      h(
        'tr',
        {},
        h('td', { class: 'numeric' }, index + 1),
        h('td', { class: 'numeric' }, `${clock(segment.start)} to ${clock(segment.end)}`),
        h('td', { class: 'numeric' }, `${(segment.end - segment.start).toFixed(1)} s`),
        h('td', {}, WORDS[segmentState(dub, segment)]),
      ),
    );
    const names = ['No.', 'Time', 'Length', 'State'];
    const head = names.map((name) => h('th', { scope: 'col' }, name));
    const list = h(
      'details',
      { class: 'dub__list', open: this.isListOpen },
      h('summary', {}, 'All segments'),
      h('table', { class: 'table' }, h('thead', {}, h('tr', {}, head)), h('tbody', {}, rows)),
    );
    list.addEventListener('toggle', () => (this.isListOpen = list.open));
    return list;
  }

  /**
   * @private
   * @param {Dub} dub
   * @param {DubPlan} plan
   * @param {number | null} spent
   */
  factsView(dub, plan, spent) {
    const saved = saving(plan);
    const stat = (/** @type {string} */ name, /** @type {string} */ value) =>
      h(
        'div',
        { class: 'stat' },
        h('dt', { class: 'stat__name' }, name),
        h('dd', { class: 'stat__value' }, value),
      );
    return [
      h(
        'dl',
        { class: 'dub__stats' },
        stat('Jobs', String(plan.cost.jobs)),
        stat('Price', priceOf(plan.cost.price_micros)),
        saved !== null && stat('Saved by silence', saved),
        spent !== null && stat('Spent', formatUsd(spent / 1e6)),
      ),
      ...(dub.phase === 'done' ? [] : planSentences(plan).map((text) => h('p', {}, text))),
    ];
  }

  /**
   * @private
   * @param {Dub} dub
   */
  remarksView({ error, open, phase, plan }) {
    const failed = phase === 'failed' ? open.filter((segment) => segment.error !== null) : [];
    return [
      error !== null && notice('danger', error.message),
      failed.length > 0 &&
        h(
          'ul',
          { class: 'dub__failed' },
          failed.map(({ id, error, job_id }) =>
            h(
              'li',
              {},
              h('strong', {}, `Segment ${Number(id)}: `),
              error,
              job_id !== null && [' Job ', h('code', {}, job_id)].map((it) => h('span', {}, it)),
            ),
          ),
        ),
      phase === 'stopped' &&
        notice('info', 'The dub is not complete. What is paid for is kept, and is not paid again.'),
      phase === 'done' &&
        !this.isLive &&
        plan !== null &&
        notice(
          'info',
          'Offline, the result is your video with your voice. Only the real service moves lips.',
        ),
    ];
  }

  /**
   * @private
   * @param {Dub} dub
   */
  actionsView(dub) {
    const { id, phase, run, retry } = dub;
    const removal =
      dub.plan === null ? 'Discard' : phase === 'planned' ? 'Discard the plan' : 'Delete the dub';
    const canRemove = !isDubRunning(dub);
    return [
      run !== null &&
        this.button('play', runLabel(dub), () => runDub(id, false, run.price_micros), true),
      retry !== null &&
        this.button('refresh', retryLabel(dub), () => runDub(id, true, retry.price_micros)),
      isDubRunning(dub) &&
        phase !== 'stopping' &&
        this.button('stop', phase === 'planning' ? 'Cancel' : 'Stop', () => stopDub(id)),
      canRemove &&
        (phase === 'planned' || dub.spent_micros === 0
          ? this.button('trash', removal, () => removeDub(id))
          : this.confirmedButton('trash', removal, () => removeDub(id))),
      phase === 'planned' && h('p', { class: 'muted dub__hint' }, this.hint(dub)),
    ];
  }

  /**
   * @private
   * @param {Dub} dub
   */
  hint({ plan, run }) {
    if (plan?.cost.jobs === 0) return 'Nothing is to be dubbed: the original picture stays.';
    if (!this.isLive) return 'The mock server plays the service, and nothing is charged.';
    return run?.price_micros === null
      ? 'This press submits the jobs, and each is charged. The service states no price.'
      : 'This press submits the jobs, and they are charged. The dub ends before it costs more.';
  }

  /**
   * @private
   * @param {import('./base/dom.js').IconName} name
   * @param {string} text
   * @param {() => Promise<unknown>} act its result comes as an event
   * @param {boolean} [isPrimary]
   */
  button(name, text, act, isPrimary = false) {
    const button = h(
      'button',
      {
        class: isPrimary ? 'button button--primary' : 'button',
        type: 'button',
        onclick: () => {
          if (button.getAttribute('aria-disabled') === 'true') return;
          button.setAttribute('aria-disabled', 'true');
          act().catch((/** @type {unknown} */ error) => {
            button.removeAttribute('aria-disabled');
            announce(errorDetails(error).message, 'danger');
          });
        },
      },
      icon(name),
      text,
    );
    return button;
  }

  /**
   * Returns a button that needs a second press.
   *
   * @private
   * @param {import('./base/dom.js').IconName} name
   * @param {string} text
   * @param {() => Promise<unknown>} act
   */
  confirmedButton(name, text, act) {
    const first = h('button', { class: 'button', type: 'button' }, icon(name), text);
    first.addEventListener('click', () => {
      const second = this.button(name, 'Delete what was paid for?', act);
      second.classList.add('button--danger');
      first.replaceWith(second);
      second.focus();
    });
    return first;
  }
}

/** @param {Dub} dub */
function playersView({ id, output, source_url }) {
  if (output === null) return [];
  const video = (/** @type {string} */ src, /** @type {string} */ label) =>
    h('video', {
      src,
      controls: true,
      playsinline: true,
      preload: 'metadata',
      'aria-label': label,
    });
  const source = video(source_url, 'Source');
  source.muted = true;
  const result = video(output.url, 'Result');
  result.id = 'result-video';
  result.dataset['dub'] = id;
  return [
    h(
      'div',
      { class: 'players' },
      h('figure', { class: 'player' }, source, h('figcaption', {}, 'Source')),
      h('figure', { class: 'player' }, result, h('figcaption', {}, 'Result')),
    ),
    h(
      'div',
      { class: 'player-buttons' },
      playBoth(source, result),
      h(
        'a',
        { class: 'button', href: `${output.url}?download=1`, download: output.name },
        icon('download'),
        `Download (${formatBytes(output.bytes)})`,
      ),
    ),
  ];
}

/**
 * @param {Dub} dub
 * @param {DubPlan} plan
 */
function timelineView(dub, plan) {
  const segments = plan.segments.map((segment, index) => {
    const state = segmentState(dub, segment);
    const seconds = segment.end - segment.start;
    const times = `${clock(segment.start)} to ${clock(segment.end)}`;
    const text = `Segment ${index + 1}, ${times}: ${WORDS[state]}`;
    const item = h(
      'li',
      { class: 'timeline__segment', dataset: { state }, title: text },
      h('span', { class: 'visually-hidden' }, text),
      h('span', { class: 'timeline__length numeric', 'aria-hidden': 'true' }, seconds.toFixed(1)),
    );
    // The policy of the page allows no style attribute.
    item.style.flexGrow = String(seconds);
    return item;
  });
  const used = new Set(plan.segments.map((segment) => segmentState(dub, segment)));
  const keys = /** @type {(keyof typeof WORDS)[]} */ (Object.keys(WORDS));
  return [
    h('ol', { class: 'timeline', 'aria-label': 'Segments' }, segments),
    h(
      'div',
      { class: 'timeline__legend', 'aria-hidden': 'true' },
      h('span', { class: 'numeric' }, clock(0)),
      h(
        'span',
        { class: 'timeline__keys' },
        keys
          .filter((state) => used.has(state))
          .map((state) => h('span', { class: 'timeline__key', dataset: { state } }, WORDS[state])),
      ),
      h('span', { class: 'numeric' }, clock(plan.seconds)),
    ),
  ];
}
