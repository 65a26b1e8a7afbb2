// The same objects as `require('viseme')` gives, so that `instanceof` holds in programs that use both.
export * from './index.js';
