// @ts-check
// The filter of the requests: words that all have to match.

/** @typedef {import('./api.js').Exchange} Exchange */

/**
 * @typedef {object} Filter
 * @property {boolean} isEmpty
 * @property {boolean} faults only requests that triggered a fault
 * @property {[string, string][]} fields
 * @property {string[]} words parts of the path or the job's id
 */

const FIELDS = ['conn', 'kind', 'status', 'job', 'method'];

/**
 * @param {string} text
 * @returns {Filter}
 */
export function parseFilter(text) {
  /** @type {Filter} */
  const filter = { isEmpty: true, faults: false, fields: [], words: [] };
  for (const word of text.toLowerCase().split(/\s+/)) {
    if (word === '') continue;
    filter.isEmpty = false;
    const colon = word.indexOf(':');
    const name = word.slice(0, colon);
    if (word === 'fault') filter.faults = true;
    else if (colon > 0 && FIELDS.includes(name)) filter.fields.push([name, word.slice(colon + 1)]);
    else filter.words.push(word);
  }
  return filter;
}

/**
 * @param {Filter} filter
 * @param {Exchange} exchange
 * @returns {boolean}
 */
export function matches(filter, exchange) {
  if (filter.faults && exchange.fault === undefined) return false;
  const text = `${exchange.path} ${exchange.job_id ?? ''}`.toLowerCase();
  return (
    filter.words.every((word) => text.includes(word)) &&
    filter.fields.every(([name, value]) => value === '' || matchesField(name, value, exchange))
  );
}

/**
 * @param {string} name
 * @param {string} value
 * @param {Exchange} exchange
 */
function matchesField(name, value, exchange) {
  switch (name) {
    case 'conn':
      return String(exchange.connection) === value;
    case 'kind':
      return exchange.kind === value;
    case 'method':
      return exchange.method.toLowerCase() === value;
    case 'job':
      return (exchange.job_id ?? '').startsWith(value);
    default:
      // `5xx` stands for every status from 500 to 599.
      return String(exchange.status ?? '').startsWith(value.replace(/x+$/, ''));
  }
}
