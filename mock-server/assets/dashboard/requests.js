// @ts-check
// The list of requests. Only the visible rows exist, however many requests there are.

import { h, icon, setChildren, setText } from './base/dom.js';
import { formatDuration } from './base/format.js';
import { showEmpty } from './base/ui.js';
import { drawDetail } from './detail.js';
import { describeAction } from './vocabulary.js';
import { matches, parseFilter } from './filter.js';

/** @typedef {import('./api.js').Exchange} Exchange */
/** @typedef {import('./api.js').WorldApi} WorldApi */
/** @typedef {import('./api.js').WorldInfo} WorldInfo */

const ROW = 30;
/** How many requests the page keeps. */
const MAX_REQUESTS = 100_000;
/** How many rows exist above and below the visible ones. */
const SPARE = 6;

/**
 * @typedef {object} Row
 * @property {HTMLElement} element
 * @property {HTMLElement} connection
 * @property {HTMLElement} kind
 * @property {HTMLElement} path
 * @property {HTMLElement} fault
 * @property {HTMLElement} status
 * @property {HTMLElement} time
 */

/** Shows the requests of a world. */
export class RequestList {
  /**
   * @param {{ body: HTMLElement, tools: HTMLElement, count: HTMLElement, detail: HTMLElement }} elements
   * @param {WorldApi} api
   */
  constructor(elements, api) {
    /** How many requests there were. */
    this.total = 0;
    /** How many of them triggered a fault. */
    this.triggered = 0;
    /** @private */
    this.elements = elements;
    /** @private */
    this.api = api;
    /** @private @type {WorldInfo | null} */
    this.world = null;
    /** @private @type {Exchange[]} */
    this.all = [];
    /** @private @type {Map<number, number>} the indexes in `all`, less `dropped`, by sequence */
    this.indexes = new Map();
    /** @private */
    this.dropped = 0;
    /** @private */
    this.first = 1;
    /** @private @type {Exchange[]} */
    this.shown = [];
    /** @private */
    this.filter = parseFilter('');
    /** @private */
    this.mustFilter = true;
    /** @private */
    this.follows = true;
    /** @private */
    this.scrolled = 0;
    /** @private @type {number | null} */
    this.selected = null;
    /** @private @type {Row[]} */
    this.rows = [];
    /** @private */
    this.empty = h('div', { class: 'requests__empty' });
    /** @private */
    this.space = h('div', { class: 'requests__space', role: 'presentation' });
    /** @private */
    this.list = h(
      'div',
      { class: 'requests__list', role: 'listbox', 'aria-label': 'Requests', tabindex: '0' },
      this.space,
    );
    elements.body.append(this.empty, this.list);
    this.list.addEventListener('scroll', () => this.onScroll());
    this.list.addEventListener('keydown', (event) => this.onKey(event));
    new ResizeObserver(() => this.drawRows()).observe(this.list);
    this.drawTools(elements.tools);
  }

  /** @param {WorldInfo} world */
  setWorld(world) {
    this.world = world;
  }

  /** @param {number} sequence the oldest request that the server keeps */
  setFirst(sequence) {
    this.first = Math.max(this.first, sequence);
  }

  /** @param {Exchange} exchange */
  add(exchange) {
    const index = this.indexes.get(exchange.sequence);
    if (index !== undefined) {
      this.all[index - this.dropped] = exchange;
      this.mustFilter = true;
      return;
    }
    this.total = Math.max(this.total, exchange.sequence);
    if (exchange.fault !== undefined) this.triggered += 1;
    this.indexes.set(exchange.sequence, this.all.length + this.dropped);
    this.all.push(exchange);
    if (this.all.length > MAX_REQUESTS * 1.1) this.dropOldest();
    this.mustFilter = true;
  }

  clear() {
    this.all = [];
    this.indexes.clear();
    this.dropped = 0;
    this.total = 0;
    this.triggered = 0;
    this.first = 1;
    this.select(null);
    this.mustFilter = true;
  }

  draw() {
    if (!this.mustFilter) return;
    this.mustFilter = false;
    const { filter } = this;
    this.shown = filter.isEmpty
      ? this.all
      : this.all.filter((exchange) => matches(filter, exchange));
    const { count } = this.elements;
    const total = this.total.toLocaleString('en-US');
    setText(
      count,
      filter.isEmpty ? total : `${this.shown.length.toLocaleString('en-US')} of ${total}`,
    );
    this.drawEmpty();
    this.space.style.height = `${this.shown.length * ROW}px`;
    this.drawRows();
  }

  /** Shows the newest request, unless the reader has scrolled up. */
  follow() {
    const { scrollTop, clientHeight, scrollHeight } = this.list;
    if (!this.follows || scrollTop + clientHeight >= scrollHeight - 1) return;
    this.list.scrollTop = scrollHeight;
    this.drawRows();
  }

  /** @private */
  dropOldest() {
    const count = this.all.length - MAX_REQUESTS;
    for (const exchange of this.all.splice(0, count)) this.indexes.delete(exchange.sequence);
    this.dropped += count;
  }

  /** @private */
  drawEmpty() {
    const isEmpty = this.shown.length === 0;
    this.list.hidden = isEmpty;
    this.empty.hidden = !isEmpty;
    if (!isEmpty) return;
    if (this.all.length > 0) {
      showEmpty(this.empty, 'No request matches the filter');
      return;
    }
    const key = this.world?.key ?? '';
    showEmpty(
      this.empty,
      'No requests yet',
      `Requests with the key ${key} appear here as they arrive.`,
    );
  }

  /** @private */
  drawRows() {
    const height = this.list.clientHeight;
    if (height === 0) return;
    const start = Math.max(0, Math.floor(this.list.scrollTop / ROW) - SPARE);
    const end = Math.min(
      this.shown.length,
      Math.ceil((this.list.scrollTop + height) / ROW) + SPARE,
    );
    while (this.rows.length < end - start) this.rows.push(this.newRow());
    const pool = this.rows.length;
    this.rows.forEach((row, at) => {
      // A request keeps its element while it is visible.
      const position = start + ((at - (start % pool) + pool) % pool);
      const exchange = position < end ? this.shown[position] : undefined;
      row.element.hidden = exchange === undefined;
      if (exchange !== undefined) this.fill(row, exchange, position);
    });
  }

  /** @private @returns {Row} */
  newRow() {
    const cell = (/** @type {string} */ name) => h('span', { class: `request__${name}` });
    const [connection, kind, path, fault, status, time] =
      /** @type {[HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement]} */ (
        ['connection', 'kind', 'path', 'fault', 'status', 'time'].map(cell)
      );
    const element = h(
      'div',
      { class: 'request', role: 'option' },
      connection,
      kind,
      h('span', { class: 'request__main' }, path, fault),
      status,
      time,
    );
    element.addEventListener('click', () => this.select(Number(element.dataset['sequence'])));
    this.space.append(element);
    return { element, connection, kind, path, fault, status, time };
  }

  /**
   * @private
   * @param {Row} row
   * @param {Exchange} exchange
   * @param {number} position
   */
  fill(row, exchange, position) {
    const { element } = row;
    element.style.transform = `translateY(${position * ROW}px)`;
    const isSelected = exchange.sequence === this.selected;
    const key = `${exchange.sequence} ${exchange.termination} ${position} ${this.shown.length} ${isSelected}`;
    if (element.dataset['key'] === key) return;
    element.dataset['key'] = key;
    element.dataset['sequence'] = String(exchange.sequence);
    element.id = `request-${exchange.sequence}`;
    element.setAttribute('aria-posinset', String(position + 1));
    element.setAttribute('aria-setsize', String(this.shown.length));
    element.setAttribute('aria-selected', String(isSelected));
    element.classList.toggle('request--fault', exchange.fault !== undefined);
    element.style.setProperty('--lane', `${(exchange.connection * 137) % 360}`);
    setText(row.connection, String(exchange.connection));
    setText(row.kind, exchange.kind);
    setText(
      row.path,
      `${exchange.method} ${exchange.path}${exchange.query ? `?${exchange.query}` : ''}`,
    );
    row.path.title = row.path.textContent ?? '';
    row.fault.hidden = exchange.fault === undefined;
    if (exchange.fault !== undefined) {
      setChildren(row.fault, icon('bolt'), describeAction(exchange.fault));
    }
    setText(row.status, statusText(exchange));
    row.status.dataset['tone'] = statusTone(exchange);
    setText(
      row.time,
      exchange.ended_wall_ms === null
        ? '…'
        : formatDuration(exchange.ended_wall_ms - exchange.wall_ms),
    );
  }

  /** @private */
  onScroll() {
    const { scrollTop, clientHeight, scrollHeight } = this.list;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - ROW;
    // Only the reader scrolls up.
    if (isAtEnd || scrollTop < this.scrolled) this.setFollows(isAtEnd);
    this.scrolled = scrollTop;
    this.drawRows();
  }

  /**
   * @private
   * @param {KeyboardEvent} event
   */
  onKey(event) {
    const page = Math.max(1, Math.floor(this.list.clientHeight / ROW) - 1);
    const current = this.shown.findIndex((exchange) => exchange.sequence === this.selected);
    const last = this.shown.length - 1;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowDown: current < 0 ? last : current + 1,
      ArrowUp: current < 0 ? last : current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: last,
    };
    if (event.key === 'Escape') this.select(null);
    const wanted = moves[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(last, wanted));
    const exchange = this.shown[index];
    if (exchange === undefined) return;
    const top = index * ROW;
    const { scrollTop, clientHeight } = this.list;
    if (top < scrollTop) this.list.scrollTop = top;
    if (top + ROW > scrollTop + clientHeight) this.list.scrollTop = top + ROW - clientHeight;
    this.drawRows();
    this.select(exchange.sequence);
  }

  /** @param {number | null} sequence */
  select(sequence) {
    this.selected = sequence;
    if (sequence === null) this.list.removeAttribute('aria-activedescendant');
    else this.list.setAttribute('aria-activedescendant', `request-${sequence}`);
    const { detail } = this.elements;
    detail.hidden = sequence === null;
    this.drawRows();
    if (sequence !== null && this.world !== null) {
      void drawDetail(detail, this.api, this.world, sequence, () => {
        this.select(null);
        this.list.focus();
      });
    }
  }

  /**
   * @private
   * @param {boolean} follows
   */
  setFollows(follows) {
    this.follows = follows;
    this.followButton?.setAttribute('aria-pressed', String(follows));
  }

  /**
   * @private
   * @param {HTMLElement} parent
   */
  drawTools(parent) {
    const input = h('input', {
      class: 'input input--small',
      type: 'search',
      placeholder: 'Filter: kind:poll status:5xx conn:2 fault',
      'aria-label': 'Filter of the requests',
      spellcheck: 'false',
      oninput: () => this.setFilter(input.value),
    });
    const faultsOnly = h(
      'button',
      {
        class: 'button button--small',
        type: 'button',
        'aria-pressed': 'false',
        onclick: () => {
          const words = input.value.split(/\s+/).filter((word) => word !== '' && word !== 'fault');
          const isOn = faultsOnly.getAttribute('aria-pressed') === 'true';
          input.value = (isOn ? words : [...words, 'fault']).join(' ');
          this.setFilter(input.value);
        },
      },
      icon('bolt'),
      'Faults',
    );
    /** @private */
    this.faultsOnly = faultsOnly;
    /** @private @type {HTMLElement} */
    this.followButton = h(
      'button',
      {
        class: 'button button--small',
        type: 'button',
        'aria-pressed': 'true',
        onclick: () => {
          this.setFollows(!this.follows);
          if (this.follows) this.list.scrollTop = this.list.scrollHeight;
        },
      },
      'Follow',
    );
    parent.append(input, faultsOnly, this.followButton);
  }

  /**
   * @private
   * @param {string} text
   */
  setFilter(text) {
    this.filter = parseFilter(text);
    this.faultsOnly?.setAttribute('aria-pressed', String(this.filter.faults));
    this.mustFilter = true;
    this.draw();
  }
}

/** @param {Exchange} exchange */
function statusText(exchange) {
  if (exchange.termination === 'open') return 'open';
  if (exchange.termination === 'complete') return String(exchange.status ?? '–');
  const end = exchange.termination === 'client_gone' ? 'left' : exchange.termination;
  return exchange.status === null ? end : `${exchange.status} ${end}`;
}

/** @param {Exchange} exchange */
function statusTone(exchange) {
  if (exchange.termination === 'open') return 'info';
  if (exchange.termination !== 'complete' || exchange.status === null) return 'danger';
  if (exchange.status >= 500) return 'danger';
  return exchange.status >= 400 ? 'warning' : 'success';
}
