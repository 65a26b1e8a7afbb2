// @ts-check
// The whole of one request and its response.

import { toCurl } from './base/curl.js';
import { h, icon, setChildren } from './base/dom.js';
import { formatBytes, formatDuration, formatTime } from './base/format.js';
import { codeBlock, copyText } from './base/ui.js';
import { describeAction } from './vocabulary.js';

/** @typedef {import('./api.js').FullExchange} FullExchange */
/** @typedef {import('./api.js').WorldApi} WorldApi */
/** @typedef {import('./api.js').WorldInfo} WorldInfo */

/**
 * Shows a request.
 *
 * @param {HTMLElement} element
 * @param {WorldApi} api
 * @param {WorldInfo} world
 * @param {number} sequence
 * @param {() => void} onClose
 */
export async function drawDetail(element, api, world, sequence, onClose) {
  const wanted = String(sequence);
  element.dataset['sequence'] = wanted;
  const journal = await api.call('GET', `journal?since=${sequence - 1}&limit=1`);
  /** @type {FullExchange | undefined} */
  const exchange = journal?.find(
    (/** @type {FullExchange} */ entry) => entry.sequence === sequence,
  );
  // Another request may have been selected meanwhile.
  if (element.dataset['sequence'] !== wanted) return;
  const close = h(
    'button',
    {
      class: 'button button--small button--quiet button--icon',
      type: 'button',
      'aria-label': 'Close the request',
      onclick: onClose,
    },
    icon('cross'),
  );
  if (exchange === undefined) {
    setChildren(
      element,
      h(
        'div',
        { class: 'detail__header' },
        h('p', { class: 'muted' }, 'The server does not keep this request any more.'),
        close,
      ),
    );
    return;
  }
  const curl = h(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      onclick: () => void copyText(curlOf(exchange, world), 'the request as curl'),
    },
    icon('copy'),
    'Copy as curl',
  );
  setChildren(
    element,
    h(
      'div',
      { class: 'detail__header' },
      h('h3', {}, `Request ${exchange.sequence}`),
      h('span', { class: 'detail__tools' }, curl, close),
    ),
    h('div', { class: 'detail__body' }, facts(exchange), notices(exchange), messages(exchange)),
  );
}

/** @param {FullExchange} exchange */
function facts(exchange) {
  const ended = exchange.ended_wall_ms;
  const list = /** @type {[string, string | undefined][]} */ ([
    ['Connection', `${exchange.connection}${exchange.reused ? ', used before' : ', new'}`],
    ['Arrived', formatTime(exchange.at)],
    ['Took', ended === null ? undefined : formatDuration(ended - exchange.wall_ms)],
    ['Ended', exchange.termination.replaceAll('_', ' ')],
    ['Rule', exchange.rule ?? undefined],
    ['Job', exchange.job_id ?? undefined],
    ['Request id', exchange.request_id],
  ]);
  return h(
    'dl',
    { class: 'facts' },
    list.map(
      ([name, value]) =>
        value !== undefined && h('div', {}, h('dt', {}, name), h('dd', { class: 'mono' }, value)),
    ),
  );
}

/** @param {FullExchange} exchange */
function notices(exchange) {
  const all = [];
  if (exchange.fault) {
    all.push(notice('danger', 'bolt', `A fault triggered: ${describeAction(exchange.fault)}`));
  }
  if (exchange.nearest_rule) {
    const { rule, differences } = exchange.nearest_rule;
    all.push(
      notice('warning', 'info', `No rule matched. Nearest: ${rule}; ${differences.join('; ')}.`),
    );
  }
  if (exchange.note) all.push(notice('info', 'info', exchange.note));
  return all;
}

/**
 * @param {string} tone
 * @param {import('./base/dom.js').IconName} name
 * @param {string} text
 */
function notice(tone, name, text) {
  return h('p', { class: 'notice', dataset: { tone } }, icon(name), h('span', {}, text));
}

/** @param {FullExchange} exchange */
function messages(exchange) {
  const target = `${exchange.path}${exchange.query ? `?${exchange.query}` : ''}`;
  const status = exchange.status === null ? 'No response was sent' : `HTTP ${exchange.status}`;
  return h(
    'div',
    { class: 'messages' },
    message(
      'Request',
      [`${exchange.method} ${target}`, ...lines(exchange.headers)],
      exchange.body,
      exchange.body_bytes,
    ),
    message(
      'Response',
      [status, ...lines(exchange.response_headers)],
      exchange.response,
      exchange.response_bytes,
    ),
  );
}

/**
 * @param {string} title
 * @param {string[]} head
 * @param {unknown} body
 * @param {number} bytes
 */
function message(title, head, body, bytes) {
  const text = body === null || body === undefined ? [] : ['', JSON.stringify(body, null, 2)];
  const size = bytes > 0 ? ` · ${formatBytes(bytes)}` : '';
  return h(
    'div',
    { class: 'message' },
    h('h4', {}, title, h('span', { class: 'muted' }, size)),
    codeBlock([...head, ...text].join('\n'), title.toLowerCase()),
  );
}

/** @param {[string, string][]} headers */
function lines(headers) {
  return headers.map(([name, value]) => `${name}: ${value}`);
}

/**
 * Returns the request as a curl command. The key is that of the world.
 *
 * @param {FullExchange} exchange
 * @param {WorldInfo} world
 */
export function curlOf(exchange, world) {
  /** @type {[string, string][]} */
  const headers = exchange.headers.filter(([name]) => !name.startsWith('x-viseme-'));
  if (exchange.authorized) headers.unshift(['authorization', `Bearer ${world.key}`]);
  const query = exchange.query ? `?${exchange.query}` : '';
  const hasJson = exchange.body !== null && exchange.body !== undefined;
  return toCurl({
    method: exchange.method,
    url: `${world.base_url}${exchange.path}${query}`,
    headers,
    ...(hasJson && { body: JSON.stringify(exchange.body) }),
    // The journal keeps JSON alone.
    ...(!hasJson && exchange.body_bytes > 0 && { file: 'FILE' }),
  });
}
