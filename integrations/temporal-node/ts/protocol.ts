/**
 * The signals, the query and the update of a workflow, and the names of activities. Without Node APIs:
 * workflows import it. The names are in histories, so they must not change.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

import type { JobState, Sending } from './types.ts';

/** Tells a workflow that the job with this id has ended. */
export const completed = defineSignal<[jobId: string]>('visemeCompleted');

/** Names the job of a submit with an unknown outcome. */
export const adopt = defineSignal<[jobId: string]>('visemeAdopt');

/**
 * Gives up a submit with an unknown outcome: the workflow submits again. If there is a job after all, you
 * pay twice.
 */
export const giveUp = defineSignal('visemeGiveUp');

/** Returns how far a job is. */
export const state = defineQuery<JobState>('visemeState');

/**
 * Asks a workflow whether the POST of an attempt may be sent, and records that it may have been. The
 * workflow rejects an attempt that it no longer waits for, such as one of a worker that was frozen.
 */
export const sending = defineUpdate<void, [Sending]>('visemeSending');

/** The parameter of the webhook's URL with the id of the workflow. */
export const WORKFLOW_PARAMETER = 'viseme_workflow';
