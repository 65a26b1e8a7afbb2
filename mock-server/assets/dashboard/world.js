// @ts-check
// The page that shows one world: receives its events and passes them to the parts of the page.

import { byId, h, icon, setChildren } from './base/dom.js';
import { subscribe } from './base/events.js';
import { formatUsd } from './base/format.js';
import { announce, downloadText, makeTabs, showEmpty } from './base/ui.js';
import { WorldApi, call, eachExchange } from './api.js';
import { ClockPanel } from './clock.js';
import { FaultPanel } from './faults.js';
import { JobPanel, LedgerPanel } from './jobs.js';
import { RequestList } from './requests.js';
import { WebhookPanel } from './webhooks.js';

/** @typedef {import('./base/events.js').ServerEvent} ServerEvent */
/** @typedef {import('./api.js').Ledger} Ledger */

const id = decodeURIComponent(location.pathname.split('/').at(-1) ?? '');
const api = new WorldApi(id);
document.title = `${id} · Viseme mock server`;
byId('brand', HTMLElement).prepend(icon('wave'));
byId('world', HTMLElement).textContent = id;

const jobs = new JobPanel(byId('panel-jobs', HTMLElement), api);
const ledger = new LedgerPanel(byId('panel-ledger', HTMLElement), jobs);
const faults = new FaultPanel(byId('panel-faults', HTMLElement), api);
const webhooks = new WebhookPanel(byId('panel-webhooks', HTMLElement), api);
const clock = new ClockPanel(byId('clock', HTMLElement), api, () => jobs.nextChange());
const requests = new RequestList(
  {
    body: byId('requests', HTMLElement),
    tools: byId('request-tools', HTMLElement),
    count: byId('request-count', HTMLElement),
    detail: byId('detail', HTMLElement),
  },
  api,
);
makeTabs(byId('tabs', HTMLElement));

/** @type {Ledger | null} */
let totals = null;
let isDirty = true;

/** @param {ServerEvent} event */
function receive(event) {
  const data = JSON.parse(event.data);
  switch (event.type) {
    case 'exchange':
      requests.add(data);
      break;
    case 'exchanges':
      for (const exchange of eachExchange(data)) requests.add(exchange);
      break;
    case 'job':
      jobs.add(data);
      break;
    case 'ledger':
      totals = data;
      ledger.setTotals(data);
      break;
    case 'faults':
      faults.set(data);
      break;
    case 'clock':
      clock.set(data);
      break;
    case 'webhook':
      webhooks.add(data);
      break;
    case 'missed':
      requests.setFirst(data.first_sequence);
      break;
    case 'reset':
      requests.clear();
      jobs.clear();
      webhooks.clear();
      break;
    default:
      return;
  }
  isDirty = true;
}

/** Draws at most once a frame, however many events arrive. */
function draw() {
  if (isDirty) {
    isDirty = false;
    requests.draw();
    jobs.draw();
    ledger.draw();
    faults.draw();
    webhooks.draw();
    drawSummary();
  }
  requests.follow();
  clock.draw();
  jobs.drawTimes(clock.now());
  requestAnimationFrame(draw);
}

const summary = byId('summary', HTMLElement);
let summaryText = '';

function drawSummary() {
  const counts = jobs.counts();
  const stats = /** @type {[string, string, boolean?][]} */ ([
    ['Requests', requests.total.toLocaleString('en-US')],
    ['Faults triggered', requests.triggered.toLocaleString('en-US')],
    ['Jobs running', counts.running.toLocaleString('en-US')],
    ['Jobs ended', counts.ended.toLocaleString('en-US')],
    ['Charged', formatUsd(totals?.total_usd ?? 0)],
    ['Orphaned', formatUsd(totals?.orphaned_usd ?? 0), (totals?.orphaned_usd ?? 0) > 0],
    ['Paid twice', formatUsd(totals?.duplicate_usd ?? 0), (totals?.duplicate_usd ?? 0) > 0],
  ]);
  const text = JSON.stringify(stats);
  if (text === summaryText) return;
  summaryText = text;
  setChildren(
    summary,
    h(
      'dl',
      { class: 'stats' },
      stats.map(([name, value, isBad]) =>
        h(
          'div',
          { class: `stat ${isBad === true ? 'stat--danger' : ''}` },
          h('dt', { class: 'stat__name' }, name),
          h('dd', { class: 'stat__value' }, value),
        ),
      ),
    ),
  );
}

/** @param {HTMLElement} parent */
function drawActions(parent) {
  const menu = h('div', { class: 'menu', popover: 'auto', id: 'export' });
  const formats = /** @type {['scenario' | 'case' | 'har', string, string][]} */ ([
    ['scenario', 'Scenario (YAML)', `${id}.scenario.yaml`],
    ['case', 'Conformance case (YAML)', `${id}.case.yaml`],
    ['har', 'HTTP archive (HAR)', `${id}.har`],
  ]);
  for (const [format, label, name] of formats) {
    const onclick = async () => {
      menu.hidePopover();
      const text = await api.export(format);
      if (text !== undefined) downloadText(name, 'text/plain', text);
    };
    menu.append(
      h('button', { class: 'menu__item', type: 'button', onclick }, icon('download'), label),
    );
  }
  const button = h(
    'button',
    { class: 'button button--small', type: 'button', popovertarget: 'export' },
    icon('download'),
    'Export',
  );
  menu.addEventListener('beforetoggle', () => {
    const box = button.getBoundingClientRect();
    menu.style.inset = `${box.bottom + 4}px auto auto ${Math.max(8, Math.min(box.left, innerWidth - 240))}px`;
  });
  const reset = h(
    'button',
    {
      class: 'button button--small button--danger',
      type: 'button',
      onclick: () => dialog.showModal(),
    },
    icon('refresh'),
    'Reset',
  );
  const close = () => dialog.close();
  const dialog = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'reset-title' },
    h('div', { class: 'card__header' }, h('h2', { id: 'reset-title' }, 'Reset this world?')),
    h(
      'div',
      { class: 'card__body stack' },
      h('p', {}, 'This removes all jobs, uploads, charges and requests. The scenario starts over.'),
      h(
        'div',
        { class: 'button-group button-group--end' },
        h('button', { class: 'button', type: 'button', onclick: close }, 'Cancel'),
        h(
          'button',
          {
            class: 'button button--danger',
            type: 'button',
            onclick: () => void api.call('POST', 'reset').then(close),
          },
          'Reset',
        ),
      ),
    ),
  );
  parent.append(button, reset, menu, dialog);
}

const connection = byId('connection', HTMLElement);
const STATES = {
  connecting: 'Connecting',
  open: 'Live',
  waiting: 'Reconnecting',
  closed: 'Closed',
};

drawActions(byId('actions', HTMLElement));
try {
  const world = await call('GET', api.path);
  requests.setWorld(world);
  subscribe(`/_mock/v1/${api.path}/events`, {
    onEvent: receive,
    onState: (state) => {
      // A short interruption changes nothing that one could read.
      connection.dataset.state = state;
      connection.textContent = STATES[state];
    },
  });
  draw();
} catch (error) {
  announce(error instanceof Error ? error.message : String(error), 'danger');
  showEmpty(
    byId('requests', HTMLElement),
    `There is no world ${id}`,
    'The list of worlds shows the others.',
  );
  connection.textContent = STATES.closed;
}
