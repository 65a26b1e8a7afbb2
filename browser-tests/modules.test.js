// @ts-check
// Tests of the shared modules that need no browser.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { quote, toCurl } from '../web/base/curl.js';
import { EventParser, subscribe } from '../web/base/events.js';
import { formatBytes, formatDuration, formatUsd } from '../web/base/format.js';

test('numbers are formatted as people read them', () => {
  assert.deepEqual([0, 999, 1000, 1530, 12_400_000].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 KB',
    '1.5 KB',
    '12 MB',
  ]);
  assert.deepEqual([0, 0.07, 0.0125, 1204.5, -0.5, 0.1 + 0.2].map(formatUsd), [
    '$0.00',
    '$0.07',
    '$0.0125',
    '$1,204.50',
    '-$0.50',
    '$0.30',
  ]);
  assert.deepEqual([0, 850, 4210, 59_700, 320_000, 7_500_000, 273_600_000].map(formatDuration), [
    '0 ms',
    '850 ms',
    '4.2 s',
    '1 min',
    '5 min 20 s',
    '2 h 5 min',
    '3 d 4 h',
  ]);
});

test('a curl command sends what it says', () => {
  const command = toCurl({
    method: 'POST',
    url: 'http://127.0.0.1:1/a?b=c&d=$HOME',
    headers: [
      ['Host', 'elsewhere'],
      ['Content-Type', 'application/json'],
      ['X-Note', 'it\'s `quoted` "text"'],
    ],
    body: '{"text": "it\'s $HOME"}',
  });
  // The shell splits the command as curl would get it.
  const script = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${command}`;
  const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
  assert.deepEqual(words, [
    'http://127.0.0.1:1/a?b=c&d=$HOME',
    '-H',
    'Content-Type: application/json',
    '-H',
    'X-Note: it\'s `quoted` "text"',
    '--data-raw',
    '{"text": "it\'s $HOME"}',
  ]);
  assert.equal(quote('plain/word'), 'plain/word');
  assert.equal(toCurl({ method: 'DELETE', url: 'http://x/' }), 'curl -X DELETE http://x/');
});

test('events are read in pieces of any size', () => {
  const text =
    ': note\n\nid: 1\nevent: job\ndata: {"a":\ndata: 1}\n\r\ndata: x\r\n\r\ndata\n\nid: 3\n\n';
  for (let size = 1; size <= text.length; size += 1) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < text.length; at += size) {
      events.push(...parser.push(text.slice(at, at + size)));
    }
    assert.deepEqual(
      events,
      [
        { id: '1', type: 'job', data: '{"a":\n1}' },
        { id: '1', type: 'message', data: 'x' },
        { id: '1', type: 'message', data: '' },
      ],
      `pieces of ${size}`,
    );
  }
});

test('a subscription resumes after the last event', async () => {
  /** @type {(string | undefined)[]} */
  const resumed = [];
  /** @type {string[]} */
  const seen = [];
  const answers = [
    'id: 1\ndata: one\n\nid: 2\ndata: two\n\nid: 3\ndata: cut',
    'error',
    'id: 3\ndata: three\n\n',
  ];
  const done = new Promise((resolve) => {
    const subscription = subscribe('http://server/events', {
      minRetryMs: 1,
      fetch: async (_url, options) => {
        const headers = /** @type {Record<string, string>} */ (options?.headers);
        resumed.push(headers['Last-Event-ID']);
        const answer = answers[resumed.length - 1] ?? '';
        return answer === 'error' ? new Response('', { status: 503 }) : new Response(answer);
      },
      onEvent: (event) => {
        seen.push(event.data);
        if (event.data === 'three') {
          subscription.close();
          resolve(undefined);
        }
      },
    });
  });
  await done;
  assert.deepEqual(seen, ['one', 'two', 'three']);
  assert.deepEqual(resumed, [undefined, '2', '2']);
});
