// @ts-check
// The call of the form in code, in tabs.

import { getSnippets } from './api.js';
import { h, setChildren } from './base/dom.js';
import { codeBlock, makeTabs } from './base/ui.js';

/** @typedef {import('./api.js').Snippet} Snippet */

export class Snippets {
  /** @param {HTMLElement} element */
  constructor(element) {
    /** @private */
    this.element = element;
    /** @private */
    this.selected = 'curl';
    /** @private */
    this.last = '';
  }

  /**
   * Shows the call of these values.
   *
   * @param {string} model
   * @param {import('./api.js').Values} values
   */
  async show(model, values) {
    const key = JSON.stringify([model, values]);
    if (key === this.last) return;
    this.last = key;
    const snippets = await getSnippets(model, values);
    // The values may have changed meanwhile.
    if (key === this.last) this.render(snippets);
  }

  /**
   * @private
   * @param {Snippet[]} snippets
   */
  render(snippets) {
    const panels = snippets.map(({ id, title, code }) =>
      h(
        'div',
        { id: `code-${id}`, role: 'tabpanel', 'aria-labelledby': `code-tab-${id}` },
        codeBlock(code, `the ${title} code`),
      ),
    );
    const tabs = snippets.map(({ id, title }) =>
      h(
        'button',
        {
          class: 'tab',
          type: 'button',
          role: 'tab',
          id: `code-tab-${id}`,
          'aria-controls': `code-${id}`,
        },
        title,
      ),
    );
    const list = h(
      'div',
      { class: 'tabs code-tabs', role: 'tablist', 'aria-label': 'Language' },
      tabs,
    );
    setChildren(this.element, list, panels);
    const select = makeTabs(list, (tab) => {
      this.selected = tab.id.slice('code-tab-'.length);
    });
    const current = tabs.find((tab) => tab.id === `code-tab-${this.selected}`) ?? tabs[0];
    if (current !== undefined) select(current);
  }
}
