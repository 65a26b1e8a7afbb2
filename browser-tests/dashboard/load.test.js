// @ts-check
// The dashboard under load, after a lost connection, without a mouse, and in every look.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  assertAccessible,
  assertFits,
  openPage,
  screenshot,
  startBrowser,
} from '../support/browser.js';
import { MockServer, Proxy } from '../support/server.js';

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {MockServer} */
let server;

before(async () => {
  [browser, server] = await Promise.all([startBrowser(), MockServer.start()]);
});

after(async () => {
  await browser.close();
  await server.stop();
});

test('twenty thousand requests stay smooth', async () => {
  const world = await server.world({
    scenario: { faults: [{ at: 'poll', every: 50, do: { status: 503 } }] },
  });
  const job = await world.submit();
  const { page, close } = await openPage(browser, world.page);
  await world.pollOften(job, 20_000);
  await page.waitForFunction(
    () => document.getElementById('request-count')?.textContent === '20,001',
  );
  // Only the visible rows exist, and the newest is at the end.
  assert.ok((await page.locator('.request').count()) < 80);
  await page.locator('#request-20001').waitFor();
  await screenshot(page, 'dashboard-load');
  const frame = await page.evaluate(async () => {
    const list = /** @type {HTMLElement} */ (document.querySelector('.requests__list'));
    let last = performance.now();
    /** @type {number[]} */
    const times = [];
    for (let step = 0; step < 60; step += 1) {
      list.scrollTop = (list.scrollHeight / 60) * step;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = performance.now();
      times.push(now - last);
      last = now;
    }
    return times.sort((a, b) => a - b)[30] ?? Infinity;
  });
  // A frame takes 17 ms; a list that draws all rows takes seconds for each. Single frames can be slow on
  // a busy machine.
  assert.ok(frame < 400, `half of the frames took more than ${frame} ms`);
  await page.getByLabel('Filter of the requests').fill('fault');
  await page.getByText('400 of 20,001').waitFor();
  await close();
});

test('a page that loses its connection resumes without doubles', async () => {
  const world = await server.world();
  const job = await world.submit();
  const proxy = await Proxy.start(server.url);
  const { page, close } = await openPage(browser, `${proxy.url}/worlds/${world.id}`, {
    allow: [/ERR_/],
  });
  await page.getByText('Live', { exact: true }).waitFor();
  await world.pollOften(job, 80);
  await page.locator('#request-81').waitFor();
  await proxy.cut();
  await world.pollOften(job, 80);
  await page.locator('#connection[data-state="waiting"]').waitFor();
  await proxy.restore();
  await page.waitForFunction(() => document.getElementById('request-count')?.textContent === '161');
  const sequences = await page.evaluate(async () => {
    const list = /** @type {HTMLElement} */ (document.querySelector('.requests__list'));
    const found = new Set();
    const doubles = [];
    for (let top = 0; top <= list.scrollHeight; top += 300) {
      list.scrollTop = top;
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const ids = [...document.querySelectorAll('.request:not([hidden])')].map((row) => row.id);
      if (new Set(ids).size !== ids.length) doubles.push(top);
      for (const id of ids) found.add(id);
    }
    return { found: found.size, doubles };
  });
  assert.deepEqual(sequences, { found: 161, doubles: [] });
  await close();
  await proxy.cut();
});

test('the dashboard works without a mouse', async () => {
  const world = await server.world();
  const job = await world.submit();
  for (let count = 0; count < 5; count += 1) await world.poll(job);
  const { page, close } = await openPage(browser, world.page);
  await page.locator('#request-6').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(
    await page.evaluate(() => document.activeElement?.textContent),
    'Skip to the requests',
  );
  await page.keyboard.press('Enter');
  for (let count = 0; count < 4; count += 1) await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('role')), 'listbox');
  await page.keyboard.press('Home');
  await page.getByRole('heading', { name: 'Request 1' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('heading', { name: 'Request 2' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Request 2' }).waitFor({ state: 'hidden' });
  await page.locator('#tab-jobs').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.locator('#tab-faults').getAttribute('aria-selected'), 'true');
  assert.ok(await page.locator('#panel-faults').isVisible());
  await page.keyboard.press('End');
  assert.ok(await page.locator('#panel-webhooks').isVisible());
  await close();
});

test('every state is accessible, fits 360 px, and asks nobody else', async () => {
  const world = await server.world({
    id: 'looks',
    scenario: {
      faults: [
        { at: 'poll', nth: [2, 5], do: { status: 503, retry_after: '7s' } },
        { at: 'submit', nth: 3, when: 'after_accept', do: 'reset' },
      ],
    },
  });
  const looks = /** @type {[string, import('playwright-core').BrowserContextOptions][]} */ ([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
  ]);
  for (const [name, options] of looks) {
    for (const [state, url] of /** @type {[string, string][]} */ ([
      ['index', server.url],
      ['empty', world.page],
    ])) {
      const { page, close } = await openPage(browser, url, options);
      await page
        .getByText(state === 'index' ? 'mock-key' : 'No requests yet')
        .first()
        .waitFor();
      await assertAccessible(page);
      await assertFits(page);
      await screenshot(page, `dashboard-${state}-${name}`);
      await close();
    }
  }
  const jobs = [
    await world.submit({ voice: 'a', webhook: 'http://127.0.0.1:9/' }),
    await world.submit({ voice: 'b' }),
  ];
  await assert.rejects(world.submit({ voice: 'c' }));
  await world.submit({ voice: 'c' });
  for (let count = 0; count < 30; count += 1)
    await world.poll(/** @type {string} */ (jobs[count % 2]));
  await world.control('POST', `jobs/${jobs[0]}/complete`);
  await world.control('POST', `jobs/${jobs[1]}/fail`);
  for (const [name, options] of looks) {
    const { page, close } = await openPage(browser, world.page, options);
    await page.locator('.job').nth(3).waitFor();
    await page.locator('.requests__list').focus();
    await page.keyboard.press('Home');
    for (const part of ['jobs', 'faults', 'ledger', 'webhooks']) {
      await page.locator(`#tab-${part}`).click();
      await assertAccessible(page);
      await assertFits(page);
      await screenshot(page, `dashboard-${part}-${name}`);
    }
    await page.getByRole('button', { name: 'Export' }).click();
    await assertAccessible(page);
    await screenshot(page, `dashboard-export-${name}`);
    await close();
  }
});

test('a world that does not exist says so', async () => {
  const { page, close } = await openPage(browser, `${server.url}/worlds/nowhere`, {
    allow: [/404/],
  });
  await page.getByText('There is no world nowhere').first().waitFor();
  await close();
});
