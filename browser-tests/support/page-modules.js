// @ts-check
// Lets tests import modules of the pages. A page's server has the shared modules in the folder `base` beside
// its own; in the repository they are in `web/base`.

import { register } from 'node:module';

const BASE = new URL('../../web/base/', import.meta.url);
const HOOK = `export const resolve = (specifier, context, next) =>
  next(specifier.startsWith('./base/') ? '${BASE}' + specifier.slice(7) : specifier, context);`;

register(`data:text/javascript,${encodeURIComponent(HOOK)}`);
