// @ts-check
// One job: its steps with their times, and its result beside the source.

import { errorDetails, fileUrl, resumeJob } from './api.js';
import { h, icon, setChildren, setText } from './base/dom.js';
import { formatBytes, formatDuration, formatUsd } from './base/format.js';
import { announce, copyButton } from './base/ui.js';
import { notice } from './media-field.js';

/** @typedef {import('./api.js').Job} Job */
/** @typedef {import('./api.js').Phase} Phase */

/** @type {Record<Phase, string>} */
const NAMES = {
  submitting: 'Submitted',
  recovering: 'Searching for the job',
  created: 'In the queue',
  processing: 'In progress',
  saving: 'Saving',
  done: 'Done',
  failed: 'Failed',
};

/** The usual steps of a job. @type {Phase[]} */
const USUAL = ['submitting', 'created', 'processing', 'saving', 'done'];

/**
 * Whether a job has ended, or the wait for it.
 *
 * @param {Job} job
 */
export const isOver = (job) => job.phase === 'done' || job.phase === 'failed';

/**
 * The name of a job's phase.
 *
 * @param {Job} job
 */
export const phaseName = (job) => (job.phase === 'submitting' ? 'Submitting' : NAMES[job.phase]);

/**
 * Returns a badge with the phase of a job.
 *
 * @param {Job} job
 */
export function phaseBadge(job) {
  const states = {
    done: 'completed',
    failed: 'failed',
    saving: 'processing',
    processing: 'processing',
  };
  const state = states[/** @type {keyof typeof states} */ (job.phase)] ?? 'created';
  return badge(state, phaseName(job));
}

/**
 * Returns a badge.
 *
 * @param {string} state
 * @param {string} name
 * @returns {HTMLElement}
 */
export const badge = (state, name) => h('span', { class: 'badge', dataset: { state } }, name);

/** Shows one job, and keeps its times running. */
export class JobView {
  /**
   * @param {HTMLElement} element
   * @param {HTMLElement} time shows how long the job took or takes
   * @param {boolean} isLive whether jobs run on the real service
   */
  constructor(element, time, isLive) {
    /** @private */
    this.isLive = isLive;
    /** @private */
    this.element = element;
    /** @private */
    this.time = time;
    /** @private @type {Job | null} */
    this.job = null;
    /** @private */
    this.receivedAt = 0;
    /** @private */
    this.players = '';
    /** @private */
    this.stepsElement = h('ol', { class: 'steps', 'aria-label': 'Steps' });
    /** @private */
    this.playersElement = h('div', {});
    /** @private */
    this.remarks = h('div', { class: 'remarks' });
    setInterval(() => this.tick(), 100);
  }

  /** Shows that there is no job yet. */
  showEmpty() {
    this.job = null;
    setText(this.time, '');
    setChildren(
      this.element,
      h(
        'div',
        { class: 'placeholder' },
        h(
          'div',
          { class: 'placeholder__art' },
          icon('film', 'icon--large'),
          icon('wave', 'icon--large'),
        ),
        h('p', { class: 'empty__title' }, 'Your video appears here'),
        h(
          'p',
          { class: 'muted' },
          'Choose the media on this page, or use the samples. Then press Run.',
        ),
      ),
    );
  }

  /** Something else is shown. */
  hide() {
    this.job = null;
    setText(this.time, '');
  }

  /** @param {Job} job */
  show(job) {
    const isOther = this.job?.id !== job.id;
    this.job = job;
    this.receivedAt = performance.now();
    if (isOther) {
      this.players = '';
      setChildren(this.element, this.playersElement, this.stepsElement, this.remarks);
    }
    this.renderPlayers(job);
    this.renderRemarks(job);
    this.tick();
  }

  /** @private */
  tick() {
    const { job } = this;
    if (job === null) return;
    const now = isOver(job)
      ? (job.steps.at(-1)?.at_ms ?? 0)
      : job.now_ms + performance.now() - this.receivedAt;
    setText(this.time, formatDuration(now));
    const reached = job.steps.map((step) => step.phase);
    const ahead = isOver(job)
      ? []
      : USUAL.filter((phase) => !reached.includes(phase) && !isBefore(phase, job.phase));
    const items = job.steps.map(({ phase, at_ms }, index) => {
      const end = job.steps[index + 1]?.at_ms ?? now;
      const isLast = index === job.steps.length - 1;
      const state = phase === 'failed' ? 'failed' : isLast && !isOver(job) ? 'current' : 'reached';
      const name = isLast ? phaseName(job) : NAMES[phase];
      const text =
        isLast && isOver(job)
          ? `after ${formatDuration(at_ms)}`
          : formatDuration(Math.max(0, end - at_ms));
      return { state, name, text };
    });
    items.push(...ahead.map((phase) => ({ state: 'ahead', name: NAMES[phase], text: '' })));
    this.renderSteps(items);
  }

  /**
   * @private
   * @param {{ state: string, name: string, text: string }[]} items
   */
  renderSteps(items) {
    const list = this.stepsElement;
    while (list.children.length > items.length) list.lastElementChild?.remove();
    items.forEach(({ state, name, text }, index) => {
      let item = list.children[index];
      if (
        !(item instanceof HTMLElement) ||
        item.dataset['state'] !== state ||
        item.dataset['name'] !== name
      ) {
        const mark = state === 'failed' ? icon('cross') : state === 'reached' ? icon('check') : '';
        const next = h(
          'li',
          {
            class: 'step',
            dataset: { state, name },
            'aria-current': state === 'current' ? 'step' : null,
          },
          h('span', { class: 'step__mark' }, mark),
          h('span', { class: 'step__name' }, name),
          h('span', { class: 'step__time numeric' }),
        );
        if (item === undefined) list.append(next);
        else item.replaceWith(next);
        item = next;
      }
      const time = item.querySelector('.step__time');
      if (time !== null) setText(time, text);
    });
  }

  /**
   * @private
   * @param {Job} job
   */
  renderPlayers(job) {
    const key = `${job.id} ${job.output?.url ?? ''} ${job.phase === 'failed'}`;
    if (this.players === key) return;
    this.players = key;
    const source = sourceElement(job);
    const { output } = job;
    const result =
      output === null
        ? null
        : h('video', {
            id: 'result-video',
            src: output.url,
            controls: true,
            playsinline: true,
            preload: 'auto',
            'aria-label': 'Result',
          });
    const waiting = h(
      'div',
      { class: 'player__waiting' },
      job.phase === 'failed' ? icon('alert', 'icon--large') : h('span', { class: 'spinner' }),
    );
    setChildren(
      this.playersElement,
      h(
        'div',
        { class: 'players' },
        source !== null && h('figure', { class: 'player' }, source, h('figcaption', {}, 'Source')),
        h('figure', { class: 'player' }, result ?? waiting, h('figcaption', {}, 'Result')),
      ),
      output !== null &&
        h(
          'div',
          { class: 'player-buttons' },
          result !== null && source instanceof HTMLVideoElement && playBoth(source, result),
          h(
            'a',
            { class: 'button', href: `${output.url}?download=1`, download: output.name },
            icon('download'),
            `Download (${formatBytes(output.bytes)})`,
          ),
        ),
    );
  }

  /**
   * @private
   * @param {Job} job
   */
  renderRemarks(job) {
    const { error } = job;
    setChildren(
      this.remarks,
      job.is_resumed &&
        notice('info', 'An earlier playground submitted this job. It was not submitted again.'),
      job.note !== null && notice('warning', job.note),
      job.phase === 'done' && !this.isLive && notice('info', aboutMockOutput(job)),
      error !== null && notice('danger', error.message),
      job.can_resume && resumption(job),
      error?.candidates !== undefined &&
        h('p', {}, 'Jobs that may be it: ', h('code', {}, error.candidates.join(', '))),
      job.job_id !== null &&
        h(
          'p',
          { class: 'job-id muted' },
          'Job ',
          h('code', {}, job.job_id),
          copyButton(() => job.job_id ?? '', 'the job id'),
          job.price !== null && h('span', { class: 'numeric' }, formatUsd(job.price)),
        ),
    );
  }
}

/**
 * Returns what the result of a mock server is.
 *
 * @param {Job} job
 */
function aboutMockOutput({ values }) {
  if (values?.['video'] === undefined) {
    return 'Offline, the result is a test video. Only the real service makes the effect.';
  }
  return values['audio'] === undefined
    ? 'Offline, the result is your video as it is. Only the real service speaks the text.'
    : 'Offline, the result is your video with your voice. Only the real service moves lips.';
}

/**
 * Returns what to do about a job whose wait or download failed.
 *
 * @param {Job} job
 */
function resumption(job) {
  const isCompleted = job.steps.some((step) => step.phase === 'saving');
  const button = h(
    'button',
    {
      class: 'button',
      type: 'button',
      onclick: () => {
        button.disabled = true;
        // The state comes as an event.
        resumeJob(job.id).catch((/** @type {unknown} */ error) => {
          button.disabled = false;
          announce(errorDetails(error).message, 'danger');
        });
      },
    },
    icon('refresh'),
    isCompleted ? 'Download again' : 'Continue to wait',
  );
  return h(
    'div',
    { class: 'resumption' },
    button,
    h(
      'p',
      { class: 'muted' },
      isCompleted
        ? 'The job completed, and the service keeps its output for some days. In a terminal: '
        : 'The job continues at the service. In a terminal: ',
      h('code', {}, isCompleted ? `viseme download ${job.job_id}` : `viseme wait ${job.job_id}`),
    ),
  );
}

/**
 * @param {Phase} phase
 * @param {Phase} current
 */
function isBefore(phase, current) {
  const at = current === 'recovering' ? 0 : USUAL.indexOf(current);
  return USUAL.indexOf(phase) <= at;
}

/**
 * Returns the video or picture that a job was given.
 *
 * @param {Job} job
 * @returns {HTMLVideoElement | HTMLImageElement | null}
 */
function sourceElement(job) {
  const reference = job.values?.['video'] ?? job.values?.['image'];
  if (typeof reference !== 'object') return null;
  const src = fileUrl(reference.file);
  if (job.values?.['image'] !== undefined) return h('img', { src, alt: 'Source' });
  const video = h('video', {
    src,
    controls: true,
    playsinline: true,
    preload: 'metadata',
    'aria-label': 'Source',
  });
  video.muted = true;
  return video;
}

/**
 * Returns a button that plays two videos from the start at the same time.
 *
 * @param {HTMLVideoElement} source
 * @param {HTMLVideoElement} result
 */
export function playBoth(source, result) {
  return h(
    'button',
    {
      class: 'button button--primary',
      type: 'button',
      onclick: () => {
        for (const video of [source, result]) {
          video.currentTime = 0;
          video.play().catch(() => undefined);
        }
      },
    },
    icon('play'),
    'Play both',
  );
}
