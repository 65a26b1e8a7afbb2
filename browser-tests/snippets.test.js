// @ts-check
// The code that the playground shows. Here curl runs it; `playground/snippets/README.md` says where the
// other languages do.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT, startBrowser } from './support/browser.js';
import { Playground, choose } from './support/playground.js';
import { MockServer } from './support/server.js';

const run = promisify(execFile);
const FOLDER = join(ROOT, 'playground', 'snippets');
/** The ending of the file of each language. */
const EXTENSIONS = {
  curl: 'sh',
  python: 'py',
  node: 'mjs',
  swift: 'swift',
  kotlin: 'kt',
  rust: 'rs',
};

/** @typedef {{ name: string, model: string, values: Record<string, string | number> }} Call */

/** @type {Call[]} */
const CALLS = JSON.parse(await readFile(join(FOLDER, 'calls.json'), 'utf8'));

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {MockServer} */
let mock;

before(async () => {
  [browser, mock] = await Promise.all([startBrowser(), MockServer.start()]);
});

after(async () => {
  await browser.close();
  await mock.stop();
});

/**
 * Enters the values of a call into the form of its model.
 *
 * @param {import('playwright-core').Page} page
 * @param {Call} call
 */
async function enter(page, { model, values }) {
  await page.locator(`[role=tab][data-model="${model}"]`).click();
  for (const [name, value] of Object.entries(values)) {
    const input = page.locator(`#field-${name}`);
    if ((await page.locator(`.drop[data-field="${name}"]`).count()) > 0) {
      await choose(page, name, String(value));
    } else if ((await input.evaluate((element) => element.tagName)) === 'SELECT') {
      await input.selectOption(String(value));
    } else {
      await input.fill(String(value));
    }
  }
}

/**
 * Waits until a condition holds, at most two minutes. The assertion after it says what differs.
 *
 * @param {() => Promise<boolean>} condition
 */
async function until(condition) {
  const end = Date.now() + 120_000;
  while (!(await condition()) && Date.now() < end) await setTimeout(50);
}

/**
 * Runs a script in a folder with the samples. Returns the result that it saves.
 *
 * @param {string} code
 * @param {NodeJS.ProcessEnv} env
 */
async function runScript(code, env) {
  const folder = await mkdtemp(join(tmpdir(), 'viseme-snippet-'));
  for (const name of ['face.mp4', 'face.jpg', 'voice.mp3']) {
    await copyFile(join(ROOT, 'samples', name), join(folder, name));
  }
  await writeFile(join(folder, 'run.sh'), code);
  await run('sh', ['run.sh'], { cwd: folder, env: { ...process.env, ...env } });
  const result = await readFile(join(folder, 'result.mp4'));
  await rm(folder, { recursive: true });
  return result;
}

for (const call of CALLS) {
  test(`the code for ${call.name} is that of its files, and the curl code completes a job that is charged once`, async () => {
    const playground = await Playground.start();
    const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
    await enter(page, call);
    const files = Object.entries(EXTENSIONS).map(async ([language, extension]) => {
      const file = await readFile(join(FOLDER, `${call.name}.${extension}`), 'utf8');
      // That of Rust has a comment before the code.
      return { language, file: extension === 'rs' ? file.slice(file.indexOf('\n\n') + 2) : file };
    });
    const shown = async (/** @type {string} */ language) =>
      (await page.locator(`#code-${language} code`).textContent()) ?? '';
    // The code follows the input.
    const [{ file: curl } = { file: '' }, ...others] = await Promise.all(files);
    await until(async () => (await shown('curl')) === curl);
    for (const { language, file } of others) assert.equal(await shown(language), file, language);
    const code = await shown('curl');
    assert.equal(code, curl);
    const world = await mock.world();
    const env = { WAVESPEED_API_KEY: world.key, WAVESPEED_BASE_URL: mock.url };
    const result = await runScript(code, env);
    assert.equal(result.toString('latin1', 4, 8), 'ftyp');
    assert.equal((await world.control('GET', 'ledger')).charges.length, 1);
    await close();
    await playground.stop();
  });
}
