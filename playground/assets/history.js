// @ts-check
// The jobs of this session, the newest first.

import { h, setChildren } from './base/dom.js';
import { formatDuration, formatUsd } from './base/format.js';
import { isOver, phaseBadge } from './job.js';

/** @typedef {import('./api.js').Job} Job */

/**
 * Shows the jobs.
 *
 * @param {HTMLElement} element
 * @param {Job[]} jobs the oldest first
 * @param {string | null} selected the id of the job that is shown
 * @param {(id: string) => void} onSelect
 * @param {(model: string) => string} title the title of a model
 */
export function renderHistory(element, jobs, selected, onSelect, title) {
  if (jobs.length === 0) {
    setChildren(element, h('p', { class: 'history__empty muted' }, 'No jobs yet.'));
    return;
  }
  const focused =
    document.activeElement instanceof HTMLElement
      ? document.activeElement.dataset['job']
      : undefined;
  const rows = [...jobs].reverse().map((job) => {
    const time = new Date(job.started_at).toLocaleTimeString([], {
      hour: '2-digit',
      minute: '2-digit',
    });
    const took = isOver(job) ? formatDuration(job.steps.at(-1)?.at_ms ?? 0) : '…';
    return h(
      'li',
      {},
      h(
        'button',
        {
          class: 'history__item',
          type: 'button',
          dataset: { job: job.id },
          'aria-current': job.id === selected ? 'true' : null,
          onclick: () => onSelect(job.id),
        },
        h('span', { class: 'history__time numeric muted' }, time),
        h('span', { class: 'history__model truncate' }, title(job.model)),
        phaseBadge(job),
        h('span', { class: 'history__took numeric muted' }, took),
        h(
          'span',
          { class: 'history__price numeric' },
          job.price === null ? '' : formatUsd(job.price),
        ),
      ),
    );
  });
  setChildren(element, h('ul', { class: 'history' }, rows));
  if (focused !== undefined) {
    const again = element.querySelector(`[data-job="${CSS.escape(focused)}"]`);
    if (again instanceof HTMLElement) again.focus();
  }
}
