// @ts-check
// The dashboard of a world: what happens in it, and what a click does.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { openPage, startBrowser } from '../support/browser.js';
import { MockServer } from '../support/server.js';

/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('playwright-core').Page} Page */

/** @type {Browser} */
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

/** @param {Page} page */
function rows(page) {
  return page.locator('.request:not([hidden])');
}

/**
 * Waits until the page shows this many requests.
 *
 * @param {Page} page
 * @param {number} count
 */
async function waitForRequests(page, count) {
  await page.waitForFunction(
    (text) => document.getElementById('request-count')?.textContent === text,
    count.toLocaleString('en-US'),
  );
}

test('a clicked fault triggers on the next poll and is marked', async () => {
  const world = await server.world();
  const job = await world.submit();
  const { page, close } = await openPage(browser, world.page);
  await waitForRequests(page, 1);
  await page.getByRole('tab', { name: 'Faults' }).click();
  await page.getByRole('button', { name: 'Next poll: 503' }).click();
  await page.getByText('poll, number 1 · triggered 0×').waitFor();
  assert.equal(await world.poll(job), 503);
  assert.equal(await world.poll(job), 200);
  await waitForRequests(page, 3);
  const marked = page.locator('.request--fault:not([hidden])');
  assert.equal(await marked.count(), 1);
  assert.match((await marked.textContent()) ?? '', /status 503/);
  await page.getByText('poll, number 1 · triggered 1×').waitFor();
  await page.getByRole('button', { name: 'Remove the fault status 503' }).click();
  await page.getByText('Nothing breaks').waitFor();
  assert.deepEqual(await world.control('GET', 'faults'), []);
  await close();
});

test('every word of the vocabulary is accepted, and none is missing', async () => {
  const world = await server.world();
  const { page, close } = await openPage(browser, world.page);
  await page.getByRole('tab', { name: 'Faults' }).click();
  const fault = page.getByRole('combobox', { name: 'Fault', exact: true });
  const labels = await fault.locator('option').allTextContents();
  assert.ok(labels.length > 35);
  for (const [at, label] of labels.entries()) {
    await fault.selectOption({ label });
    await page.getByRole('combobox', { name: 'Which' }).selectOption({ index: at % 5 });
    await page.getByRole('button', { name: 'Add fault' }).click();
    await page.locator('.fault-list .row').nth(at).waitFor();
  }
  /** @type {{ fault: { do: unknown } }[]} */
  const faults = await world.control('GET', 'faults');
  assert.equal(faults.length, labels.length);
  const used = new Set(
    faults.map(({ fault: { do: action } }) =>
      typeof action === 'string' ? action : Object.keys(/** @type {object} */ (action))[0],
    ),
  );
  const reply = await world
    .control('POST', 'faults', { at: 'poll', do: 'nothing' })
    .catch((error) => error.message);
  const allowed = /** @type {string} */ (reply).split('allowed: ')[1]?.match(/[a-z_0-9]+/g) ?? [];
  const missing = allowed.filter((word) => !used.has(word) && word.length > 1);
  assert.ok(allowed.length > 30, reply);
  assert.deepEqual(missing, []);
  await page.getByRole('button', { name: 'Remove all' }).click();
  await page.getByText('Nothing breaks').waitFor();
  await close();
});

test('a value that is no JSON is refused next to its field', async () => {
  const world = await server.world();
  const { page, close } = await openPage(browser, world.page);
  await page.getByRole('tab', { name: 'Faults' }).click();
  await page.getByRole('textbox', { name: 'Value' }).fill('{oops');
  await page.getByRole('button', { name: 'Add fault' }).click();
  await page.getByText('The value must be JSON such as {"status":503}').waitFor();
  assert.equal(
    await page.getByRole('textbox', { name: 'Value' }).getAttribute('aria-invalid'),
    'true',
  );
  assert.deepEqual(await world.control('GET', 'faults'), []);
  await close();
});

test('the moved clock moves a job', async () => {
  const world = await server.world({ clock: { mode: 'manual', start: '2026-01-01T00:00:00Z' } });
  await world.submit();
  const { page, close } = await openPage(browser, world.page);
  const badge = page.locator('.job .badge').first();
  await page.getByText('2026-01-01 00:00:00').waitFor();
  assert.equal(await badge.textContent(), 'created');
  await page.getByText('changes in 800 ms').waitFor();
  await page.getByLabel('Length of the step').selectOption('next');
  await page.getByRole('button', { name: 'Step' }).click();
  await page.locator('.job .badge[data-state="processing"]').waitFor();
  await page.getByLabel('Length of the step').selectOption('10s');
  await page.getByRole('button', { name: 'Step' }).click();
  await page.locator('.job .badge[data-state="completed"]').waitFor();
  await page.getByText('2026-01-01 00:00:10').waitFor();
  await page.getByLabel('Speed').selectOption('3600');
  await page.getByText('3600× real time').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused').waitFor();
  assert.equal((await world.control('GET', 'clock')).mode, 'manual');
  await close();
});

test('jobs are completed, failed, held and released by hand', async () => {
  const world = await server.world({ clock: { mode: 'manual' } });
  const [one, two] = [await world.submit({ voice: 'a' }), await world.submit({ voice: 'b' })];
  const { page, close } = await openPage(browser, world.page);
  const card = (/** @type {string} */ id) => page.locator(`.job[data-job="${id}"]`);
  await card(one).getByRole('button', { name: 'Hold' }).click();
  await card(one).getByText('held').waitFor();
  await world.control('POST', 'clock', { advance: '10s' });
  await card(two).locator('[data-state="completed"]').waitFor();
  assert.equal((await world.control('GET', `jobs/${one}`)).status, 'created');
  await card(one).getByRole('button', { name: 'Release' }).click();
  await card(one).locator('[data-state="completed"]').waitFor();
  const three = await world.submit({ voice: 'c' });
  await card(three).getByRole('button', { name: 'Fail' }).click();
  await card(three).locator('[data-state="failed"]').waitFor();
  await close();
});

test('two worlds do not mix', async () => {
  const [one, other] = [await server.world(), await server.world()];
  const pages = [await openPage(browser, one.page), await openPage(browser, other.page)];
  const job = await one.submit();
  for (let count = 0; count < 4; count += 1) await one.poll(job);
  await other.submit();
  const [first, second] =
    /** @type {[import('../support/browser.js').WatchedPage, import('../support/browser.js').WatchedPage]} */ (
      pages
    );
  await waitForRequests(first.page, 5);
  await waitForRequests(second.page, 1);
  assert.equal(await rows(second.page).count(), 1);
  assert.equal(await second.page.locator(`.job[data-job="${job}"]`).count(), 0);
  await Promise.all(pages.map((page) => page.close()));
});

test('the ledger marks orphaned and duplicate charges', async () => {
  const world = await server.world({
    scenario: { faults: [{ at: 'submit', nth: 1, when: 'after_accept', do: 'reset' }] },
  });
  // fetch() repeats no POST.
  await assert.rejects(world.submit());
  await world.submit();
  const { page, close } = await openPage(browser, world.page);
  await page.getByRole('tab', { name: 'Ledger' }).click();
  const bad = page.locator('#panel-ledger tr.is-bad');
  await bad.first().waitFor();
  assert.deepEqual(
    (await bad.allTextContents()).map((text) => text.replace(/^.{8}/, '')),
    ['duplicate$0.07', 'orphaned$0.07'],
  );
  assert.equal(await page.locator('.stat--danger').count(), 2);
  await close();
});

test('a webhook is redelivered', async () => {
  const world = await server.world();
  const job = await world.submit({ webhook: 'http://127.0.0.1:9/hook' });
  const { page, close } = await openPage(browser, world.page);
  await page.getByRole('button', { name: 'Complete' }).click();
  await page.getByRole('tab', { name: 'Webhooks' }).click();
  await page.getByText(`job ${job.slice(0, 8)} · 1 attempt`).waitFor();
  await page.getByRole('button', { name: 'Redeliver webhook 1' }).click();
  await page.getByText(`job ${job.slice(0, 8)} · 2 attempts`).waitFor();
  await close();
});

test('requests are filtered, and one is copied as a curl command that works', async () => {
  const world = await server.world();
  const job = await world.submit();
  for (let count = 0; count < 3; count += 1) await world.poll(job);
  const { page, close } = await openPage(browser, world.page, {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await waitForRequests(page, 4);
  const filter = page.getByLabel('Filter of the requests');
  await filter.fill('kind:submit');
  await page.getByText('1 of 4').waitFor();
  await rows(page).first().click();
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  await page.getByText('Copied the request as curl').waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const { execFileSync } = await import('node:child_process');
  const answer = JSON.parse(
    execFileSync('sh', ['-c', `${command} --silent`], { encoding: 'utf8' }),
  );
  assert.equal(answer.code, 200, command);
  // The world got the same request again; the journal does not keep the spaces of JSON.
  const [first, , , , again] = await world.control('GET', 'journal');
  assert.deepEqual([again.path, again.body, again.authorized], [first.path, first.body, true]);
  await filter.fill('status:5xx');
  await page.getByText('No request matches the filter').waitFor();
  await close();
});

test('a world is exported, and a world without jobs says why it is no case', async () => {
  const world = await server.world();
  const { page, close } = await openPage(browser, world.page, { allow: [/409/] });
  const choose = async (/** @type {string} */ format) => {
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('button', { name: format }).click();
  };
  await choose('Conformance case');
  await page.getByText('Cannot export: a case needs at least one accepted submit').waitFor();
  await world.submit();
  for (const [format, content] of [
    ['Scenario', 'What happened in the world'],
    ['Conformance case', 'op: run'],
    ['HTTP archive', '"log"'],
  ]) {
    const [download] = await Promise.all([page.waitForEvent('download'), choose(String(format))]);
    const text = await readFile(await download.path(), 'utf8');
    assert.ok(text.includes(String(content)), text);
  }
  await close();
});

test('a reset empties the page', async () => {
  const world = await server.world();
  await world.submit();
  const { page, close } = await openPage(browser, world.page);
  await waitForRequests(page, 1);
  await page.getByRole('button', { name: 'Reset' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  await page.getByText('No requests yet').waitFor();
  await page.getByText('No jobs yet').waitFor();
  assert.deepEqual(await world.control('GET', 'jobs'), []);
  await close();
});
