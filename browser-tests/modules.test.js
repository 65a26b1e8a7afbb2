// @ts-check
// Tests of modules of the pages that need no browser.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { quote, toCurl } from '../web/base/curl.js';
import { EventParser, subscribe } from '../web/base/events.js';
import { formatBytes, formatDuration, formatUsd } from '../web/base/format.js';
import './support/page-modules.js';

const { clock, planSentences, priceOf, retryLabel, runLabel, saving, segmentState } =
  await import('../playground/assets/dub-plan.js');

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

/** A plan of three jobs, and a silence that saves one. */
const PLAN = {
  segments: [],
  seconds: 25,
  kept_seconds: 3.66,
  dubbed_seconds: 21.34,
  cost: { jobs: 3, price_micros: 210_000 },
  cost_without_skipping: { jobs: 4, price_micros: 280_000 },
  cuts_in_speech: 1,
  picture_seconds: 16,
  voice_seconds: 25,
  is_silent: false,
};

/** @type {import('../playground/assets/api.js').Dub} */
const DUB = {
  id: 'd',
  model: 'a/b',
  video: 'talk.mp4',
  audio: 'voice.mp3',
  started_at: 0,
  skip_silence: true,
  phase: 'planned',
  progress: null,
  plan: PLAN,
  states: { '0001': 'done', '0003': 'submitted', '0004': 'unknown' },
  spent_micros: 0,
  open: [],
  error: null,
  run: { price_micros: 210_000 },
  retry: null,
  source_url: '',
  output: null,
};

test('the plan of a dub is told in sentences, with what silence saves', () => {
  assert.deepEqual(planSentences(PLAN), [
    '3 jobs for 0:21.3 of 0:25.0.',
    'The original picture stays in 0:03.7 of silence. With the silence dubbed too: 4 jobs, $0.28.',
    'The voice is 0:09.0 longer than the picture: the last frame is held.',
    '1 cut lies inside speech: there is no silence within reach.',
  ]);
  const other = { ...PLAN, kept_seconds: 0, cuts_in_speech: 0, voice_seconds: 12, is_silent: true };
  assert.deepEqual(planSentences(other).slice(1), [
    'The picture is 0:04.0 longer than the voice: its rest is the original.',
    'The voice is silent throughout. Check that it is the right file.',
  ]);
  assert.equal(saving(PLAN), '1 job, $0.07');
  assert.equal(saving({ ...PLAN, cost_without_skipping: PLAN.cost }), null);
  const unknown = { jobs: 3, price_micros: null };
  assert.equal(saving({ ...PLAN, cost: unknown }), '1 job');
  assert.equal(priceOf(null), 'price unknown');
  assert.deepEqual([0, 59.96, 3723.4].map(clock), ['0:00.0', '1:00.0', '1:02:03.4']);
});

test('the buttons of a dub name what a press may cost', () => {
  assert.equal(runLabel(DUB), 'Dub for $0.21');
  assert.equal(runLabel({ ...DUB, run: { price_micros: null } }), 'Dub, price unknown');
  const silent = { ...PLAN, cost: { jobs: 0, price_micros: 0 } };
  assert.equal(runLabel({ ...DUB, plan: silent }), 'Make the video, without a job');
  const stopped = { ...DUB, phase: /** @type {const} */ ('stopped') };
  assert.equal(runLabel({ ...stopped, run: { price_micros: 0 } }), 'Resume');
  assert.equal(runLabel({ ...stopped, run: { price_micros: 70_000 } }), 'Resume for $0.07 more');
  assert.equal(runLabel({ ...stopped, run: { price_micros: null } }), 'Resume, price unknown');
  const open = ['failed', 'failed', 'submitted'].map((state) => ({
    id: '0001',
    state,
    job_id: null,
    error: null,
  }));
  const failed = { ...DUB, open, retry: { price_micros: 140_000 } };
  assert.equal(retryLabel(failed), 'Submit 2 failed segments again for $0.14');
  const states = ['0001', '0002', '0003', '0004'].map((id) =>
    segmentState(stopped, { id, is_dubbed: true }),
  );
  assert.deepEqual(states, ['done', 'waiting', 'working', 'failed']);
  assert.equal(segmentState(DUB, { id: '0002', is_dubbed: false }), 'kept');
});
