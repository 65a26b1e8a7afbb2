// @ts-check
// The API of the playground: its types, and one function for each request.

/**
 * @typedef {object} Violation
 * @property {string} field
 * @property {string} rule
 * @property {'error' | 'warning'} level
 * @property {string} message
 * @property {{ kind: string, description: string, framing?: 'borders' | 'crop' } | null} fix the step that mends the file
 */

/**
 * A step that makes a file acceptable.
 *
 * @typedef {object} FitStep
 * @property {string} kind
 * @property {string} description
 * @property {boolean} lossy whether it loses quality
 * @property {'borders' | 'crop'} [framing]
 * @property {number} [start_seconds]
 * @property {number} [duration_seconds]
 */

/**
 * What is done with each file that needs it.
 *
 * @typedef {object} FitPlan
 * @property {Record<string, { steps: FitStep[], remaining: Violation[] }>} files
 * @property {boolean} can_extend whether files are too short and can be extended
 */

/** @typedef {{ crop: boolean, from: number | null, to: number | null, extend: boolean }} FitChoices */
/** @typedef {{ files: Record<string, { file: CheckedFile, steps: FitStep[] }> }} FitResult */

/**
 * The properties of a media file.
 *
 * @typedef {object} MediaInfo
 * @property {string} format
 * @property {'audio' | 'video' | 'image' | null} kind
 * @property {number | null} seconds
 * @property {number | null} width
 * @property {number | null} height
 * @property {string | null} video_codec
 * @property {string | null} audio_codec
 */

/**
 * A file that the playground has, and what the check says of it.
 *
 * @typedef {object} CheckedFile
 * @property {string} id
 * @property {string} name
 * @property {number} bytes
 * @property {boolean} ok
 * @property {Violation[]} violations
 * @property {MediaInfo | null} info
 */

/** @typedef {{ file: string }} FileReference */
/** @typedef {Record<string, string | number | boolean | FileReference>} Values */

/**
 * @typedef {object} Report
 * @property {boolean} ok
 * @property {Violation[]} violations
 * @property {Record<string, CheckedFile>} files
 */

/** @typedef {{ type: 'media', media: 'audio' | 'video' | 'image', extensions: string[], limits: string[], max_seconds: number | null }} MediaKind */
/** @typedef {{ type: 'text', max_chars: number | null }} TextKind */
/** @typedef {{ type: 'choice', values: string[], default: string | null }} ChoiceKind */
/** @typedef {{ type: 'number', min: number, max: number, step: number | null, default: number | null }} NumberKind */
/** @typedef {{ type: 'boolean', default: boolean | null }} BooleanKind */

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} description
 * @property {boolean} required
 * @property {MediaKind | TextKind | ChoiceKind | NumberKind | BooleanKind} kind
 */

/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} title
 * @property {string} summary
 * @property {Field[]} fields
 */

/**
 * @typedef {object} Session
 * @property {'live' | 'offline'} mode
 * @property {string} service
 * @property {string | null} dashboard_url
 * @property {string} version
 * @property {Model[]} models
 */

/**
 * @typedef {object} ErrorDetails
 * @property {string} code
 * @property {string} message
 * @property {Violation[]} [violations]
 * @property {string} [job]
 * @property {string} [job_id]
 * @property {string[]} [candidates]
 */

/**
 * @typedef {object} Quote
 * @property {string} id
 * @property {'preparing' | 'ready' | 'failed' | 'used'} state
 * @property {{ field: string, sent: number, total: number } | null} [progress]
 * @property {number | null} [price]
 * @property {ErrorDetails} [error]
 */

/** @typedef {'submitting' | 'recovering' | 'created' | 'processing' | 'saving' | 'done' | 'failed'} Phase */

/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} model
 * @property {Values | null} values
 * @property {number | null} price
 * @property {string | null} job_id
 * @property {Phase} phase
 * @property {boolean} is_resumed
 * @property {boolean} can_resume whether only the wait or the download failed
 * @property {string | null} note
 * @property {ErrorDetails | null} error
 * @property {{ url: string, bytes: number, name: string } | null} output
 * @property {number} started_at milliseconds since 1970
 * @property {number} now_ms milliseconds since the start, when this state was sent
 * @property {{ phase: Phase, at_ms: number }[]} steps
 */

/**
 * @typedef {object} DubPlan
 * @property {{ id: string, is_dubbed: boolean, start: number, end: number }[]} segments times in seconds
 * @property {number} seconds
 * @property {number} kept_seconds
 * @property {number} dubbed_seconds
 * @property {DubCost} cost
 * @property {DubCost} cost_without_skipping the cost if silence is dubbed too
 * @property {number} cuts_in_speech
 * @property {number} picture_seconds
 * @property {number} voice_seconds
 * @property {boolean} is_silent
 */

/** @typedef {{ jobs: number, price_micros: number | null }} DubCost */

/**
 * A dub of a clip that is longer than its model takes.
 *
 * @typedef {object} Dub
 * @property {string} id
 * @property {string} model
 * @property {string} video the name of the file
 * @property {string} audio
 * @property {number} started_at milliseconds since 1970
 * @property {boolean} skip_silence
 * @property {'planning' | 'planned' | 'running' | 'stopping' | 'stopped' | 'failed' | 'done'} phase
 * @property {{ stage: string, done: number, total: number, fraction: number } | null} progress
 * @property {DubPlan | null} plan
 * @property {Record<string, string>} states the state of each segment that is dubbed
 * @property {number} spent_micros
 * @property {{ id: string, state: string, job_id: string | null, error: string | null }[]} open the
 *   segments without a result
 * @property {ErrorDetails | null} error
 * @property {{ price_micros: number | null } | null} run what a run may cost that was not confirmed yet
 * @property {{ price_micros: number | null } | null} retry the same, with failed segments again
 * @property {string} source_url
 * @property {{ url: string, bytes: number, name: string } | null} output
 */

/** @typedef {{ id: string, title: string, code: string }} Snippet */

/** An error response of the playground. */
export class ApiError extends Error {
  /** @param {ErrorDetails} details */
  constructor(details) {
    super(details.message);
    this.name = 'ApiError';
    this.details = details;
  }
}

/**
 * Returns what to show of an error.
 *
 * @param {unknown} error
 * @returns {ErrorDetails}
 */
export function errorDetails(error) {
  if (error instanceof ApiError) return error.details;
  return {
    code: 'connection',
    message:
      'The playground does not answer. Is `viseme playground` still running in its terminal?',
  };
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
async function request(path, init = {}) {
  const response = await fetch(`/api/${path}`, { cache: 'no-store', ...init });
  const body = await response.json();
  if (!response.ok) throw new ApiError(body.error);
  return body;
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
function post(path, body, signal) {
  const headers = { 'Content-Type': 'application/json' };
  const init = signal === undefined ? {} : { signal };
  return request(path, { method: 'POST', headers, body: JSON.stringify(body), ...init });
}

/** @returns {Promise<Session>} */
export const getSession = () => request('session');

/** @returns {Promise<{ balance: number }>} */
export const getAccount = () => request('account');

/**
 * Sends a file to the playground and checks it as the parameter of a model.
 *
 * @param {string} model
 * @param {string} field
 * @param {File} file
 * @param {AbortSignal} signal
 * @returns {Promise<CheckedFile>}
 */
export function addFile(model, field, file, signal) {
  const query = new URLSearchParams({ model, field, name: file.name });
  const headers = { 'Content-Type': 'application/octet-stream' };
  return request(`files?${query}`, { method: 'POST', headers, body: file, signal });
}

/**
 * @param {string} model
 * @param {string} field
 * @returns {Promise<CheckedFile>}
 */
export const addSample = (model, field) => post('samples', { model, field });

/**
 * Returns the URL of a file that the playground has.
 *
 * @param {string} id
 */
export const fileUrl = (id) => `/api/files/${id}`;

/**
 * @param {string} model
 * @param {Values} values
 * @returns {Promise<Report>}
 */
export const check = (model, values) => post('check', { model, values });

/**
 * Returns what makes the files acceptable.
 *
 * @param {{ model: string, values: Values }} input
 * @param {FitChoices} choices
 * @param {AbortSignal} signal
 * @returns {Promise<FitPlan>}
 */
export const planFit = (input, choices, signal) => post('fit/plan', { input, choices }, signal);

/**
 * Makes acceptable files. The signal stops ffmpeg.
 *
 * @param {{ model: string, values: Values }} input
 * @param {FitChoices} choices
 * @param {AbortSignal} signal
 * @returns {Promise<FitResult>}
 */
export const fit = (input, choices, signal) => post('fit', { input, choices }, signal);

/**
 * @param {string} model
 * @param {Values} values
 * @returns {Promise<Quote>}
 */
export const addQuote = (model, values) => post('quotes', { model, values });

/**
 * @param {string} id
 * @returns {Promise<Quote>}
 */
export const getQuote = (id) => request(`quotes/${id}`);

/**
 * Runs the job of a quote. Only this request and `runDub` can cost money.
 *
 * @param {string} quote
 * @returns {Promise<Job>}
 */
export const addJob = (quote) => post('jobs', { quote });

/**
 * Resumes a job whose wait or download failed. It is not submitted again.
 *
 * @param {string} id
 * @returns {Promise<Job>}
 */
export const resumeJob = (id) => post(`jobs/${id}/resume`, {});

/**
 * @param {string} model
 * @param {Values} values
 * @returns {Promise<Snippet[]>}
 */
export const getSnippets = (model, values) => post('snippets', { model, values });

/**
 * Plans a dub, which costs nothing.
 *
 * @param {{ model: string, values: Values }} input
 * @param {boolean} skip_silence
 * @param {boolean} crop
 * @returns {Promise<Dub>}
 */
export const addDub = (input, skip_silence, crop) => post('dubs', { input, skip_silence, crop });

/**
 * Runs a dub, or resumes it.
 *
 * @param {string} id
 * @param {boolean} retry whether failed segments are submitted again
 * @param {number | null} price_micros the price that the user saw
 * @returns {Promise<Dub>}
 */
export const runDub = (id, retry, price_micros) => post(`dubs/${id}/run`, { retry, price_micros });

/**
 * Stops a dub; what is paid for is kept.
 *
 * @param {string} id
 */
export const stopDub = (id) => post(`dubs/${id}/stop`, {});

/**
 * Removes a dub, with its result.
 *
 * @param {string} id
 */
export const removeDub = (id) => post(`dubs/${id}/remove`, {});
