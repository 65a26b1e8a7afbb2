// @ts-check
// What pages do in the same way: short messages, copies to the clipboard, downloads, tabs.

import { h, icon, setChildren } from './dom.js';

/** @typedef {'info' | 'success' | 'danger'} Tone */

/** How long a message stays, in milliseconds. */
const TOAST_MS = 4000;

/** @type {HTMLElement | null} */
let toasts = null;

/**
 * Shows a short message that leaves by itself. Screen readers read it out.
 *
 * @param {string} message
 * @param {Tone} [tone]
 */
export function announce(message, tone = 'info') {
  if (toasts === null) {
    toasts = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    document.body.append(toasts);
  }
  const name = tone === 'success' ? 'check' : tone === 'danger' ? 'alert' : 'info';
  const toast = h('div', { class: 'toast', dataset: { tone } }, icon(name), h('span', {}, message));
  toasts.append(toast);
  setTimeout(() => toast.remove(), tone === 'danger' ? TOAST_MS * 2 : TOAST_MS);
}

/**
 * Copies a text to the clipboard.
 *
 * @param {string} text
 * @param {string} name what was copied, for the message
 */
export async function copyText(text, name) {
  try {
    await navigator.clipboard.writeText(text);
    announce(`Copied ${name}`, 'success');
  } catch {
    announce(`The browser did not allow the copy of ${name}`, 'danger');
  }
}

/**
 * Returns a button that copies a text.
 *
 * @param {() => string} text is called when the button is pressed
 * @param {string} name what is copied, for the label
 * @returns {HTMLButtonElement}
 */
export function copyButton(text, name) {
  const label = `Copy ${name}`;
  return h(
    'button',
    {
      class: 'button button--small button--icon button--quiet',
      type: 'button',
      'aria-label': label,
      title: label,
      onclick: () => void copyText(text(), name),
    },
    icon('copy'),
  );
}

/**
 * Returns a block of code with a copy button.
 *
 * @param {string} code
 * @param {string} name what it is, for the label of the button and for screen readers
 * @returns {HTMLElement}
 */
export function codeBlock(code, name) {
  const pre = h('pre', { tabindex: '0', role: 'region', 'aria-label': name }, h('code', {}, code));
  return h(
    'div',
    { class: 'code' },
    pre,
    copyButton(() => code, name),
  );
}

/**
 * Saves a text as a file.
 *
 * @param {string} name the name of the file
 * @param {string} type the content type
 * @param {string} text
 */
export function downloadText(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/**
 * Makes a row of buttons with `role="tab"` work: arrow keys, Home and End move, and the panel of
 * the selected tab is shown. Each tab names its panel in `aria-controls`.
 *
 * @param {HTMLElement} list the element with `role="tablist"`
 * @param {(tab: HTMLElement) => void} [onSelect]
 * @returns {(tab: HTMLElement) => void} selects a tab
 */
export function makeTabs(list, onSelect) {
  const tabs = () =>
    /** @type {HTMLElement[]} */ ([...list.querySelectorAll('[role="tab"]')]).filter(
      (tab) => tab.offsetParent !== null || tab.getAttribute('aria-selected') === 'true',
    );
  /** @param {HTMLElement} selected */
  const select = (selected) => {
    // Tabs can share a panel.
    const shown = selected.getAttribute('aria-controls');
    for (const tab of /** @type {NodeListOf<HTMLElement>} */ (
      list.querySelectorAll('[role="tab"]')
    )) {
      const isSelected = tab === selected;
      tab.setAttribute('aria-selected', String(isSelected));
      tab.tabIndex = isSelected ? 0 : -1;
      const controls = tab.getAttribute('aria-controls');
      const panel = document.getElementById(controls ?? '');
      if (panel !== null) panel.hidden = controls !== shown;
    }
    onSelect?.(selected);
  };
  list.addEventListener('click', (event) => {
    const tab = event.target instanceof Element ? event.target.closest('[role="tab"]') : null;
    if (tab instanceof HTMLElement) select(tab);
  });
  list.addEventListener('keydown', (event) => {
    const all = tabs();
    const current = all.findIndex((tab) => tab === document.activeElement);
    const next = nextIndex(event.key, current, all.length);
    const tab = next === null ? undefined : all[next];
    if (tab === undefined) return;
    event.preventDefault();
    tab.focus();
    select(tab);
  });
  return select;
}

/**
 * @param {string} key
 * @param {number} current
 * @param {number} count
 * @returns {number | null}
 */
function nextIndex(key, current, count) {
  if (current < 0) return null;
  if (key === 'ArrowRight') return (current + 1) % count;
  if (key === 'ArrowLeft') return (current + count - 1) % count;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return null;
}

/**
 * Returns a badge with the state of a job.
 *
 * @param {string} status
 * @returns {HTMLElement}
 */
export function stateBadge(status) {
  return h('span', { class: 'badge', dataset: { state: status } }, status);
}

/**
 * Shows that there is nothing to show, and why.
 *
 * @param {Element} element
 * @param {string} title
 * @param {string} [text]
 */
export function showEmpty(element, title, text) {
  setChildren(
    element,
    h(
      'div',
      { class: 'empty' },
      h('p', { class: 'empty__title' }, title),
      text !== undefined && h('p', {}, text),
    ),
  );
}
