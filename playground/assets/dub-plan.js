// @ts-check
// What a dub is and costs, in words. No element is made here.

import { formatCount, formatUsd } from './base/format.js';

/** @typedef {import('./api.js').Dub} Dub */
/** @typedef {import('./api.js').DubPlan} DubPlan */
/** @typedef {import('./api.js').Report} Report */

/** Smaller differences between the lengths of picture and voice are not named, in seconds. */
const LENGTHS_DIFFER = 0.25;

/** How far a segment is: `kept` has no job. @typedef {'kept' | 'waiting' | 'working' | 'done' | 'failed'} SegmentState */

/** The states of a batch, as the page shows them. @type {Record<string, SegmentState>} */
const STATES = {
  planned: 'waiting',
  checked: 'waiting',
  uploading: 'working',
  ready: 'waiting',
  submitting: 'working',
  submitted: 'working',
  completed: 'working',
  downloading: 'working',
  done: 'done',
  refused: 'failed',
  failed: 'failed',
  unknown: 'failed',
  expired: 'failed',
};

/** @type {Record<Dub['phase'], string>} */
const PHASES = {
  planning: 'Planning',
  planned: 'Planned',
  running: 'Dubbing',
  stopping: 'Stopping',
  stopped: 'Stopped',
  failed: 'Failed',
  done: 'Done',
};

/** @type {Record<string, [string, string]>} */
const STAGES = {
  analysing: ['Reading the clip', 'frames'],
  cutting: ['Cutting the segments', 'frames'],
  dubbing: ['Dubbing', 'segments'],
  joining: ['Joining the results', 'frames'],
};

/**
 * Returns the name of a dub's phase.
 *
 * @param {Dub} dub
 */
export const dubPhaseName = (dub) => PHASES[dub.phase];

/**
 * Whether a task works on a dub.
 *
 * @param {Dub} dub
 */
export const isDubRunning = ({ phase }) =>
  phase === 'planning' || phase === 'running' || phase === 'stopping';

/**
 * Returns a time as `1:02:03.4` or `2:03.4`.
 *
 * @param {number} seconds
 */
export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = `${two(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/**
 * Returns an amount of millionths of a US dollar: `$0.07`, or `price unknown`.
 *
 * @param {number | null} micros
 */
export const priceOf = (micros) => (micros === null ? 'price unknown' : formatUsd(micros / 1e6));

/**
 * Returns how far a segment is.
 *
 * @param {Dub} dub
 * @param {{ id: string, is_dubbed: boolean }} segment
 * @returns {SegmentState}
 */
export function segmentState(dub, { id, is_dubbed }) {
  if (!is_dubbed) return 'kept';
  if (dub.phase === 'done') return 'done';
  return STATES[dub.states[id] ?? 'planned'] ?? 'waiting';
}

/**
 * Returns what a plan needs, costs and saves: a sentence each.
 *
 * @param {DubPlan} plan
 * @returns {string[]}
 */
export function planSentences(plan) {
  const { cost, cost_without_skipping: other } = plan;
  const facts = [
    `${formatCount(cost.jobs, 'job')} for ${clock(plan.dubbed_seconds)} of ${clock(plan.seconds)}.`,
  ];
  if (plan.kept_seconds > 0) {
    facts.push(
      `The original picture stays in ${clock(plan.kept_seconds)} of silence. With the silence dubbed ` +
        `too: ${formatCount(other.jobs, 'job')}, ${priceOf(other.price_micros)}.`,
    );
  }
  const longer = plan.voice_seconds - plan.picture_seconds;
  if (longer >= LENGTHS_DIFFER) {
    facts.push(`The voice is ${clock(longer)} longer than the picture: the last frame is held.`);
  } else if (-longer >= LENGTHS_DIFFER) {
    facts.push(`The picture is ${clock(-longer)} longer than the voice: its rest is the original.`);
  }
  if (plan.is_silent) {
    facts.push('The voice is silent throughout. Check that it is the right file.');
  }
  if (plan.cuts_in_speech > 0) {
    const cuts = formatCount(plan.cuts_in_speech, 'cut lies', 'cuts lie');
    facts.push(`${cuts} inside speech: there is no silence within reach.`);
  }
  return facts;
}

/**
 * Returns what skipping silence saves, or `null` if it saves nothing.
 *
 * @param {DubPlan} plan
 */
export function saving({ cost, cost_without_skipping: other }) {
  const jobs = other.jobs - cost.jobs;
  const micros =
    other.price_micros === null || cost.price_micros === null
      ? 0
      : other.price_micros - cost.price_micros;
  const parts = [];
  if (jobs > 0) parts.push(formatCount(jobs, 'job'));
  if (micros > 0) parts.push(priceOf(micros));
  return parts.length === 0 ? null : parts.join(', ');
}

/**
 * Returns what a dub works on.
 *
 * @param {Dub} dub
 */
export function progressText({ phase, progress }) {
  if (phase === 'stopping') return 'Waiting for the submits in flight…';
  const [name, unit] = STAGES[progress?.stage ?? ''] ?? ['Starting', ''];
  if (!progress) return `${name}…`;
  const { done, total } = progress;
  return total === 0 ? `${name}: ${done} ${unit}` : `${name}: ${done} of ${total} ${unit}`;
}

/**
 * Returns the label of the button that runs a dub. It names what the press may cost.
 *
 * @param {Dub} dub
 */
export function runLabel({ phase, plan, run }) {
  const price = run?.price_micros ?? null;
  if (phase === 'planned' && plan?.cost.jobs === 0) return 'Make the video, without a job';
  if (phase === 'planned')
    return price === null ? 'Dub, price unknown' : `Dub for ${priceOf(price)}`;
  if (price === 0) return 'Resume';
  return price === null ? 'Resume, price unknown' : `Resume for ${priceOf(price)} more`;
}

/**
 * Returns the label of the button that submits failed segments again.
 *
 * @param {Dub} dub
 */
export function retryLabel({ open, retry }) {
  const count = open.filter(({ state }) => state === 'failed').length;
  const segments = formatCount(count, 'failed segment');
  const price = retry?.price_micros ?? null;
  return `Submit ${segments} again${price === null ? ', price unknown' : ` for ${priceOf(price)}`}`;
}

/**
 * Whether a clip is longer than its model takes, so that only a part can be run as one job.
 *
 * @param {Report} report
 */
export const isTooLong = (report) =>
  report.violations.some((it) => it.rule === 'duration' && it.fix?.kind === 'cut');
