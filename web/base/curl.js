// @ts-check
// Writes a request as a curl command for a POSIX shell.

/**
 * @typedef {object} CurlRequest
 * @property {string} method
 * @property {string} url
 * @property {[string, string][]} [headers]
 * @property {string} [body] the text of the body
 * @property {string} [file] the path of a file that is the body
 */

/**
 * Returns the command. Headers that curl sets by itself are left out.
 *
 * @param {CurlRequest} request
 * @returns {string}
 */
export function toCurl(request) {
  const { method, url, headers = [], body, file } = request;
  const hasBody = body !== undefined || file !== undefined;
  const parts = [
    `curl ${method === (hasBody ? 'POST' : 'GET') ? '' : methodOption(method)}${quote(url)}`,
  ];
  for (const [name, value] of headers) {
    if (!OWN_HEADERS.has(name.toLowerCase())) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  }
  if (body !== undefined) parts.push(`--data-raw ${quote(body)}`);
  if (file !== undefined) parts.push(`--data-binary ${quote(`@${file}`)}`);
  return parts.join(' \\\n  ');
}

const OWN_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'transfer-encoding',
  'user-agent',
]);

/** @param {string} method */
function methodOption(method) {
  return method === 'HEAD' ? '--head ' : `-X ${method} `;
}

/**
 * Returns a word in single quotes, unless it needs none.
 *
 * @param {string} word
 * @returns {string}
 */
export function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
