// @ts-check
// Starts playgrounds, and uses their pages.

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ROOT, openPage } from './browser.js';
import { Program } from './server.js';

/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('playwright-core').Page} Page */

/** A running `viseme playground`. */
export class Playground {
  /**
   * @param {string[]} [args]
   * @param {NodeJS.ProcessEnv} [env]
   */
  static async start(args = [], env = {}) {
    const program = await Program.start(
      'viseme',
      ['playground', '--no-open', '--json', ...args],
      env,
    );
    return new Playground(program, JSON.parse(program.line));
  }

  /**
   * @private
   * @param {Program} program
   * @param {{ url: string, port: number }} line
   */
  constructor(program, { url, port }) {
    this.program = program;
    /** The link, which opens one page. */
    this.link = url;
    this.origin = `http://127.0.0.1:${port}`;
  }

  /**
   * Opens the page with the link.
   *
   * @param {Browser} browser
   * @param {Parameters<typeof openPage>[2]} [options]
   */
  async open(browser, options = {}) {
    const opened = await openPage(browser, this.link, options);
    await opened.page.waitForURL(`${this.origin}/`);
    await opened.page.waitForSelector('.drop');
    return opened;
  }

  async stop() {
    await this.program.stop();
  }

  /** Ends it as a crash does. */
  async kill() {
    await this.program.stop('SIGKILL');
  }
}

/**
 * Chooses a file for a parameter, and waits for the verdict.
 *
 * @param {Page} page
 * @param {string} field
 * @param {string} file the name of a bundled sample, or an absolute path
 * @param {'ready' | 'refused'} [state]
 */
export async function choose(page, field, file, state = 'ready') {
  const drop = page.locator(`.drop[data-field="${field}"]`);
  await drop.locator('input[type=file]').setInputFiles(resolve(ROOT, 'samples', file));
  await page.waitForSelector(`.drop[data-field="${field}"][data-state=${state}]`);
  return drop;
}

/**
 * Drops a file on a parameter.
 *
 * @param {Page} page
 * @param {string} field
 * @param {string} file
 */
export async function drop(page, field, file) {
  const content = (await readFile(join(ROOT, 'samples', file))).toString('base64');
  await page.evaluate(
    ({ field, name, content }) => {
      const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], name));
      const target = document.querySelector(`.drop[data-field="${field}"]`);
      target?.dispatchEvent(
        new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }),
      );
    },
    { field, name: file, content },
  );
  await page.waitForSelector(`.drop[data-field="${field}"][data-state=ready]`);
}

/**
 * Waits until the button of the page has a label and can be pressed.
 *
 * @param {Page} page
 * @param {string} label
 */
export async function waitForButton(page, label) {
  const button = page.locator('#run');
  await button.filter({ hasText: label }).waitFor();
  await page.waitForFunction(
    () => document.querySelector('#run')?.getAttribute('aria-disabled') === 'false',
  );
  return button;
}
