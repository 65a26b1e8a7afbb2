// @ts-check
// Finds dead links in a folder of HTML pages, and files that a page loads from other servers.

import { readFile, readdir } from 'node:fs/promises';
import { existsSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const TAG = /<(a|link|script|img|iframe|source|video|audio|object|embed)\b([^>]*)>/gi;
const ATTRIBUTE = /\b(href|src|data)\s*=\s*(?:"([^"]*)"|'([^']*)')/gi;
const ANCHOR = /\s(?:id|name)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/gi;
const OUTSIDE = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i;

/** Pages of generators that fail by themselves if a name has no target. */
const GENERATED = /^reference\/(rust|kotlin)\/doc\//;

/**
 * A page, as far as links are concerned.
 *
 * @typedef {{ anchors: Set<string>, links: { tag: string, rel: string, target: string }[] }} Links
 */

/** @param {string} text */
function decode(text) {
  return text
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
}

/**
 * @param {string} html
 * @returns {Links}
 */
export function parse(html) {
  // Code in scripts, and in comments, is not part of the page.
  const visible = html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/(<script\b[^>]*>)[\s\S]*?<\/script>/gi, '$1</script>');
  const anchors = new Set(
    [...visible.matchAll(ANCHOR)].map((m) => decode(m[1] ?? m[2] ?? m[3] ?? '')),
  );
  const links = [];
  for (const [, tag = '', attributes = ''] of visible.matchAll(TAG)) {
    const rel = /\brel\s*=\s*["']?([^"'>]*)/i.exec(attributes)?.[1] ?? '';
    for (const [, , double, single] of attributes.matchAll(ATTRIBUTE)) {
      links.push({ tag: tag.toLowerCase(), rel, target: decode(double ?? single ?? '') });
    }
  }
  return { anchors, links };
}

/**
 * Checks all pages of a folder.
 *
 * @param {string} folder
 * @returns {Promise<{ pages: number, links: number, faults: string[] }>}
 */
export async function checkLinks(folder) {
  const files = await readdir(folder, { recursive: true });
  const names = files.filter((name) => name.endsWith('.html'));
  /** @type {Map<string, Links>} */
  const pages = new Map();
  for (const name of names) pages.set(name, parse(await readFile(join(folder, name), 'utf8')));
  const faults = [];
  let count = 0;
  for (const [name, page] of pages) {
    for (const { tag, rel, target } of page.links) {
      if (OUTSIDE.test(target)) {
        // A link that the reader clicks may lead anywhere.
        const isLoaded = tag !== 'a' && !/^(data|blob):/.test(target);
        const isNamed =
          tag === 'link' && /^(canonical|alternate|author|license|next|prev)/.test(rel);
        if (isLoaded && !isNamed) faults.push(`${name}: loads ${target}`);
        continue;
      }
      if (GENERATED.test(name)) continue;
      count += 1;
      const fault = faultOf(folder, pages, name, target);
      if (fault) faults.push(`${name}: ${target}: ${fault}`);
    }
  }
  return { pages: names.length, links: count, faults };
}

/**
 * @param {string} folder
 * @param {Map<string, Links>} pages
 * @param {string} name
 * @param {string} target
 */
function faultOf(folder, pages, name, target) {
  const url = new URL(target, `http://site/${name.split('/').map(encodeURIComponent).join('/')}`);
  let path = join(folder, decodeURIComponent(url.pathname));
  if (!existsSync(path)) return 'there is no such file';
  if (statSync(path).isDirectory()) path = join(path, 'index.html');
  const to = pages.get(relative(folder, path));
  const anchor = url.hash.slice(1);
  if (!to) return existsSync(path) ? undefined : 'there is no such page';
  // Line numbers of sources, and ids that scripts make, such as those of tabs.
  if (anchor === '' || anchor === '__top' || /^\d+(-\d+)?$/.test(anchor)) return undefined;
  return to.anchors.has(anchor) || to.anchors.has(decodeURIComponent(anchor))
    ? undefined
    : 'there is no such heading';
}
