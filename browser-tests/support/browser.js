// @ts-check
// Starts the browser, and pages that can reach nothing but this machine.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('playwright-core').BrowserContextOptions} BrowserContextOptions */
/** @typedef {import('playwright-core').Page} Page */

/** The root folder of the repository. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const PROGRAMS = ['chromium-headless-shell', 'chromium', 'google-chrome'];
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Starts the system's Chromium. `VISEME_CHROMIUM` names another program.
 *
 * @param {string[]} [args] more arguments
 * @returns {Promise<Browser>}
 */
export async function startBrowser(args = []) {
  return chromium.launch({
    executablePath: process.env.VISEME_CHROMIUM ?? findProgram(),
    args: [
      // Containers run as root, and their shared memory is small.
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--autoplay-policy=no-user-gesture-required',
      ...args,
    ],
  });
}

/** @returns {string} */
function findProgram() {
  for (const name of PROGRAMS) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // The next name.
    }
  }
  throw new Error('Chromium is missing: run `cargo xtask setup browser`');
}

/**
 * A page, and everything that it asked for or complained about.
 *
 * @typedef {object} WatchedPage
 * @property {Page} page
 * @property {string[]} requests the URLs of all requests
 * @property {string[]} problems errors of scripts, messages of the console, failed loads
 * @property {() => Promise<void>} close closes the page; fails if it had a problem, or if a request
 *   left this machine
 */

/**
 * Opens a page in a context of its own.
 *
 * @param {Browser} browser
 * @param {string} url
 * @param {BrowserContextOptions & { allow?: RegExp[] }} [options] `allow` are problems that the test
 *   expects
 * @returns {Promise<WatchedPage>}
 */
export async function openPage(browser, url, { allow = [], ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    // Animations would make screenshots and checks of contrast differ.
    reducedMotion: 'reduce',
    ...options,
  });
  // A loaded machine needs longer than the 30 s that Playwright waits: ffmpeg encodes meanwhile.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  /** @type {string[]} */
  const requests = [];
  /** @type {string[]} */
  const problems = [];
  context.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  await page.goto(url);
  const close = async () => {
    await context.close();
    const unexpected = problems.filter((problem) => !allow.some((known) => known.test(problem)));
    assert.deepEqual(unexpected, [], 'the page has problems');
    assertLocal(requests);
  };
  return { page, requests, problems, close };
}

/**
 * Fails if one of these URLs is not on this machine.
 *
 * @param {string[]} urls
 */
export function assertLocal(urls) {
  const isLocal = (/** @type {string} */ text) => {
    const url = new URL(text);
    return ['blob:', 'data:', 'about:'].includes(url.protocol) || LOOPBACK.has(url.hostname);
  };
  assert.deepEqual(
    urls.filter((url) => !isLocal(url)),
    [],
    'requests left this machine',
  );
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Fails if axe-core finds a violation of WCAG 2.2 AA or of its best practices.
 *
 * @param {Page} page
 * @param {string[]} [except] rules that do not apply
 */
export async function assertAccessible(page, except = []) {
  // Evaluated by the browser's debugger, which the page's policy does not restrict.
  await page.evaluate(AXE);
  let violations = await violationsOf(page, except);
  // A change of the colour scheme reaches some elements late while the machine is busy.
  for (let rounds = 0; rounds < 120 && violations.some(isOfContrast); rounds += 1) {
    await page.waitForTimeout(250);
    violations = await violationsOf(page, except);
  }
  assert.deepEqual(violations, []);
}

/** @param {string} violation */
function isOfContrast(violation) {
  return violation.startsWith('color-contrast:');
}

/**
 * @param {Page} page
 * @param {string[]} except
 */
function violationsOf(page, except) {
  return page.evaluate(async (except) => {
    const { axe } = /** @type {{ axe: typeof import('axe-core') }} */ (
      /** @type {unknown} */ (globalThis)
    );
    const result = await axe.run(document, {
      rules: Object.fromEntries(except.map((rule) => [rule, { enabled: false }])),
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return result.violations.flatMap((violation) =>
      violation.nodes.map((node) => `${violation.id}: ${node.html}: ${node.failureSummary ?? ''}`),
    );
  }, except);
}

/**
 * Fails if the page is wider than its window.
 *
 * @param {Page} page
 */
export async function assertFits(page) {
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(
    (content ?? 0) <= (window ?? 0),
    `the page is ${content} px wide, the window ${window}`,
  );
}

/**
 * Saves a screenshot in `target/browser-tests`, to be looked at.
 *
 * @param {Page} page
 * @param {string} name
 */
export async function screenshot(page, name) {
  const folder = join(ROOT, 'target', 'browser-tests');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
