// @ts-check
// The built documentation site, in the folder that `VISEME_SITE` names. `cargo xtask site --test` runs this.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  assertAccessible,
  assertFits,
  openPage,
  screenshot,
  startBrowser,
} from '../support/browser.js';
import { checkLinks, parse } from './links.js';
import { serve } from './server.js';

/** @typedef {import('playwright-core').Browser} Browser */

const FOLDER = process.env.VISEME_SITE ?? '';

/** Pages of each kind, and what they must show. @type {[string, string][]} */
const MAIN_PAGES = [
  ['', 'Lip-sync as a dependable API call'],
  ['start/python/', 'Quick start: Python'],
  ['batches/', 'Batches'],
  ['errors/', 'Errors'],
  ['mobile/', 'Viseme in a mobile app'],
  ['reference/python/clients/', 'AsyncClient'],
  ['reference/node/classes/Client/', 'A client of the service'],
  ['reference/rust/', 'rustdoc'],
  ['reference/swift/', 'A client of the service'],
  ['reference/swift/Client/', 'Creates a client with these settings.'],
  ['reference/kotlin/', 'Dokka'],
  ['reference/mock-server-api/', '/api/v3/predictions'],
];

/** References with pages of their own, and the largest table. @type {[string, string][]} */
const OTHER_PAGES = [
  ['conformance-results/', 'not applicable'],
  ['reference/rust/doc/viseme/index.html', 'Guarantees'],
  ['reference/kotlin/doc/index.html', 'dev.viseme'],
  ['reference/mock-api/index.html', 'viseme-mock'],
];

// The theme has a landmark for the buttons of each block of code, and for each level of the navigation.
const THEME = ['landmark-unique'];

/** @type {Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof serve>>} */
let site;

before(async () => {
  [browser, site] = await Promise.all([startBrowser(), serve(FOLDER)]);
});

after(async () => {
  await browser.close();
  await site.stop();
});

test('every link within the site has a target, and no page loads from another server', async (t) => {
  const { pages, links, faults } = await checkLinks(FOLDER);
  t.diagnostic(`${links} links in ${pages} pages`);
  assert.deepEqual(faults.slice(0, 50), [], `${faults.length} faults`);
  assert.ok(pages > 100, `only ${pages} pages`);
});

test('links and anchors are found in HTML, but not in scripts', () => {
  const { anchors, links } = parse(
    `<a href="b.html?x&amp;y#c">b</a><script src=" d.js ">'<a href="no">'</script><h2 id="e">E</h2>
     <link rel="canonical" href='https://example.com'>`,
  );
  assert.deepEqual([...anchors], ['e']);
  assert.deepEqual(
    links.map(({ target }) => target),
    ['b.html?x&y#c', ' d.js ', 'https://example.com'],
  );
});

for (const [path, text] of MAIN_PAGES) {
  test(`the page ${path || 'home'} is accessible in light and dark, and fits a phone`, async () => {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      const { page, close } = await openPage(browser, `${site.origin}/${path}`, { colorScheme });
      await page.locator('.md-content').getByText(text).first().waitFor();
      await screenshot(page, `site-${name(path)}-${colorScheme}`);
      await assertAccessible(page, THEME);
      if (colorScheme === 'dark') {
        await page.setViewportSize({ width: 390, height: 844 });
        await assertFits(page);
        await screenshot(page, `site-${name(path)}-narrow`);
      }
      await close();
    }
  });
}

for (const [path, text] of OTHER_PAGES) {
  test(`the page ${path} shows its content`, async () => {
    // Chromium warns of the way in which rustdoc preloads its fonts.
    const { page, close } = await openPage(browser, `${site.origin}/${path}`, {
      allow: [/A preload for/],
    });
    await page.waitForFunction((text) => document.body.innerText.includes(text), text);
    await screenshot(page, `site-${name(path)}`);
    await close();
  });
}

test('the search finds a word in a guide and in a reference', async () => {
  const { page, close } = await openPage(browser, `${site.origin}/`);
  for (const [word, target] of /** @type {const} */ ([
    ['manifest', 'batches/'],
    ['WaitTimeoutError', 'reference/python/errors/'],
    ['matchByTime', 'reference/swift/Client/'],
  ])) {
    await page.goto(`${site.origin}/`);
    await page
      .locator('label.md-header__button[for=__search]')
      .or(page.locator('.md-search__input'))
      .last()
      .click();
    await page.locator('.md-search__input').fill(word);
    const result = page.locator(`.md-search-result__link[href*="${target}"]`).first();
    await result.waitFor();
    if (word === 'manifest') await screenshot(page, 'site-search');
    await result.click();
    await page.waitForURL((url) => url.pathname.includes(target));
  }
  await close();
});

/** @param {string} path */
function name(path) {
  return path.replace(/\/(index\.html)?$/, '').replaceAll('/', '-') || 'home';
}
