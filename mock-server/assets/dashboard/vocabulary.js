// @ts-check
// The faults that can be injected: the words of the scenario's `do`, with a value to start from.

/**
 * @typedef {object} Word
 * @property {string} name the word
 * @property {string} label what it does, in a few words
 * @property {unknown} [value] an example, if the word needs a value
 */

/** @type {[string, Word[]][]} */
export const VOCABULARY = [
  [
    'Status',
    [
      { name: 'status', label: 'Another status', value: { status: 503 } },
      { name: 'status', label: '429 with Retry-After', value: { status: 429, retry_after: '7s' } },
      { name: 'status', label: '502 with an HTML page', value: { status: 502, body: 'html' } },
      { name: 'status', label: '500 without a body', value: { status: 500, body: 'empty' } },
      {
        name: 'status',
        label: 'Redirect',
        value: { status: 307, location: 'http://127.0.0.1:1/' },
      },
    ],
  ],
  [
    'Connection',
    [
      { name: 'reset', label: 'Reset' },
      { name: 'close', label: 'Close without a response' },
      { name: 'silence', label: 'No response' },
      { name: 'delay', label: 'Delay the response', value: '5s' },
      { name: 'slow_accept', label: 'Delay the request', value: '5s' },
      { name: 'never_read_body', label: 'Never read the body' },
      { name: 'close_mid_upload', label: 'Reset within the upload', value: 1000 },
      { name: 'reset_at', label: 'Reset within the response', value: 40 },
      { name: 'fin_at', label: 'Close within the response', value: 40 },
      { name: 'wrong_length', label: 'Wrong Content-Length', value: 10 },
      { name: 'stall_at', label: 'Stall within the response', value: 40 },
      { name: 'drip', label: 'One byte at a time', value: '50ms' },
    ],
  ],
  [
    'Body',
    [
      { name: 'truncate_json', label: 'Truncated JSON', value: 40 },
      { name: 'invalid_utf8', label: 'Invalid UTF-8' },
      { name: 'byte_order_mark', label: 'Byte order mark' },
      { name: 'trailing_garbage', label: 'Text after the JSON' },
      { name: 'duplicate_keys', label: 'Each key twice' },
      { name: 'deep', label: 'Deeply nested JSON', value: 1000 },
      { name: 'huge', label: 'Huge body', value: 1000000 },
      { name: 'corrupt', label: 'Corrupt bytes' },
      { name: 'gzip_corrupt', label: 'Corrupt gzip' },
      { name: 'content_type', label: 'Wrong Content-Type', value: 'text/plain' },
      { name: 'no_content_type', label: 'No Content-Type' },
      { name: 'huge_header', label: 'Huge header', value: 10000 },
      { name: 'range_ignored', label: 'Ignore the range' },
    ],
  ],
  [
    'Meaning',
    [
      { name: 'data_null', label: '`data` is null' },
      { name: 'missing_id', label: 'No id' },
      { name: 'wrong_id', label: 'Another id' },
      { name: 'unknown_status', label: 'Unknown job status', value: 'warming-up' },
      { name: 'status_regress', label: 'Job status goes back' },
      { name: 'outputs_null', label: '`outputs` is null' },
      { name: 'outputs_empty', label: '`outputs` is empty' },
      { name: 'outputs_objects', label: 'Outputs as objects' },
      { name: 'numbers_as_strings', label: 'Numbers as strings' },
      {
        name: 'envelope_error',
        label: '200 with an error inside',
        value: { code: 1500, message: 'internal error' },
      },
      { name: 'merge', label: 'Other values', value: { data: { status: 'failed' } } },
      { name: 'remove', label: 'Values left out', value: ['/data/outputs'] },
    ],
  ],
];

/**
 * Returns the `do` of a fault.
 *
 * @param {Word} word
 * @param {unknown} value
 */
export function actionOf(word, value) {
  if (word.name === 'status') return value;
  return word.value === undefined ? word.name : { [word.name]: value };
}

/**
 * Returns a `do` in a few words: `503`, `reset`, `delay 5s`.
 *
 * @param {unknown} action
 * @returns {string}
 */
export function describeAction(action) {
  if (typeof action === 'string') return action.replaceAll('_', ' ');
  const fields = /** @type {Record<string, unknown>} */ (action ?? {});
  if ('status' in fields) {
    const wait = fields['retry_after'];
    const after = typeof wait === 'string' ? `, retry after ${wait}` : '';
    return `status ${String(fields['status'])}${after}`;
  }
  const [name, value] = Object.entries(fields)[0] ?? ['fault', ''];
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return `${name.replaceAll('_', ' ')} ${text}`;
}
