// @ts-check
// The page that lists the worlds.

import { byId, h, icon, setChildren } from './base/dom.js';
import { formatCount } from './base/format.js';
import { announce, codeBlock, copyButton, showEmpty } from './base/ui.js';
import { call } from './api.js';

/** @typedef {import('./api.js').WorldInfo} WorldInfo */

/** How often the list is read again. */
const REFRESH_MS = 2000;

const list = byId('worlds', HTMLElement);
byId('brand', HTMLElement).prepend(icon('wave'));
byId('create', HTMLElement).prepend(icon('bolt'));
byId('create', HTMLElement).addEventListener('click', () => void createWorld());

let shown = '';

async function refresh() {
  try {
    /** @type {[WorldInfo[], { version: string, connections: number, playground_url: string | null }]} */
    const [worlds, health] = await Promise.all([call('GET', 'worlds'), call('GET', 'healthz')]);
    byId('server', HTMLElement).textContent =
      `Version ${health.version} · ${formatCount(health.connections, 'connection')}`;
    show(worlds);
    showPlayground(health.playground_url);
  } catch {
    byId('server', HTMLElement).textContent = 'The server does not respond';
  }
}

/** @param {WorldInfo[]} worlds */
function show(worlds) {
  const state = JSON.stringify(worlds);
  // Unchanged rows keep the focus.
  if (state === shown) return;
  shown = state;
  const first = worlds.find((world) => world.id === 'default') ?? worlds[0];
  if (first === undefined) {
    showEmpty(list, 'No worlds', 'A request with a key that starts with “mock” creates one.');
    return;
  }
  const rows = worlds.map((world) =>
    h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('a', { href: `/worlds/${encodeURIComponent(world.id)}` }, world.id),
      ),
      h(
        'td',
        {},
        h(
          'span',
          { class: 'with-copy' },
          h('code', {}, world.key),
          copyButton(() => world.key, `the key of ${world.id}`),
        ),
      ),
      h(
        'td',
        { class: 'numeric' },
        h(
          'a',
          {
            class: 'button button--small',
            href: `/worlds/${encodeURIComponent(world.id)}`,
            'aria-label': `Watch ${world.id}`,
          },
          'Watch',
        ),
      ),
    ),
  );
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'World'),
    h('th', { scope: 'col' }, 'API key'),
    h('td', {}),
  );
  setChildren(
    list,
    h('table', { class: 'table worlds' }, h('thead', {}, head), h('tbody', {}, rows)),
  );
  const command = `export WAVESPEED_BASE_URL=${first.base_url}\nexport WAVESPEED_API_KEY=${first.key}\nviseme run --video face.mp4 --audio voice.mp3 --out result.mp4`;
  setChildren(byId('start', HTMLElement), codeBlock(command, 'the commands'));
}

/**
 * Links to the playground that uses this server, or says how to start one.
 *
 * @param {string | null} url
 */
function showPlayground(url) {
  const element = byId('playground', HTMLElement);
  if (element.hasChildNodes()) return;
  const text = 'The playground takes a face and a voice, or a text, and plays the result.';
  if (url !== null) {
    const link = h('a', { class: 'button', href: url }, icon('play'), 'Open the playground');
    setChildren(element, h('p', {}, `${text} It uses this server.`), h('p', {}, link));
    return;
  }
  const command = codeBlock('viseme playground', 'the command');
  setChildren(
    element,
    h('p', {}, `${text} This command starts one, with a mock server of its own:`),
    command,
  );
}

async function createWorld() {
  try {
    const world = await call('POST', 'worlds', {});
    location.assign(`/worlds/${encodeURIComponent(world.id)}`);
  } catch (error) {
    announce(error instanceof Error ? error.message : String(error), 'danger');
  }
}

await refresh();
setInterval(() => void refresh(), REFRESH_MS);
