// The same objects as `require('viseme')` returns, so that `instanceof` works in programs that use
// both.
export * from './index.js';
