// @ts-check
// The jobs and dubs of this session, the newest first.

import { h, setChildren } from './base/dom.js';

/**
 * A job or a dub.
 *
 * @typedef {object} HistoryRow
 * @property {string} id
 * @property {number} started_at milliseconds since 1970
 * @property {string} title
 * @property {HTMLElement} badge its state
 * @property {string} took
 * @property {string} price
 */

/**
 * Shows the jobs and dubs.
 *
 * @param {HTMLElement} element
 * @param {HistoryRow[]} history the newest first
 * @param {string | null} selected the id of the one that is shown
 * @param {(id: string) => void} onSelect
 */
export function renderHistory(element, history, selected, onSelect) {
  if (history.length === 0) {
    setChildren(element, h('p', { class: 'history__empty muted' }, 'No jobs yet.'));
    return;
  }
  const focused =
    document.activeElement instanceof HTMLElement
      ? document.activeElement.dataset['job']
      : undefined;
  const rows = history.map(({ id, started_at, title, badge, took, price }) => {
    const time = new Date(started_at).toLocaleTimeString([], {
      hour: '2-digit',
      minute: '2-digit',
    });
    return h(
      'li',
      {},
      h(
        'button',
        {
          class: 'history__item',
          type: 'button',
          dataset: { job: id },
          'aria-current': id === selected ? 'true' : null,
          onclick: () => onSelect(id),
        },
        h('span', { class: 'history__time numeric muted' }, time),
        h('span', { class: 'history__model truncate' }, title),
        badge,
        h('span', { class: 'history__took numeric muted' }, took),
        h('span', { class: 'history__price numeric' }, price),
      ),
    );
  });
  setChildren(element, h('ul', { class: 'history' }, rows));
  if (focused !== undefined) {
    const again = element.querySelector(`[data-job="${CSS.escape(focused)}"]`);
    if (again instanceof HTMLElement) again.focus();
  }
}
