// The client's results in the format of the protocol.
import { inspect } from 'node:util';

const seconds = (ms) => (ms === undefined ? undefined : ms / 1000);

export function prediction(it) {
  return {
    id: it.id,
    model: it.model,
    status: it.status,
    outputs: it.outputs.map((output) => output.value),
    output_url: it.outputUrl,
    error: it.error,
    code: it.code,
    execution_time: seconds(it.executionTimeMs),
    created_at: it.createdAt?.toISOString(),
    recovered: it.recovered,
    request_id: it.requestId,
  };
}

export function job(it) {
  return { job_id: it.id, status: it.prediction?.status, recovered: it.prediction?.recovered };
}

export function report({ ok, violations, media }) {
  const shown = Object.entries(media).map(([field, info]) => {
    const { container, durationMs, width, height, bytes } = info;
    return [field, { container, seconds: seconds(durationMs), width, height, bytes }];
  });
  return { ok, violations, media: Object.fromEntries(shown) };
}

export function price({ model, amount, discounted, currency, leftOut }) {
  return { model, amount, discounted, currency, left_out: leftOut };
}

export function model({ id, name, basePrice }) {
  return { id, name, base_price: basePrice };
}

export function delivery({ id, sentAt, prediction: data }) {
  return { id, sent_at: sentAt.toISOString(), prediction: prediction(data) };
}

/** Returns the names of its classes, from its own to the base of the client's errors. */
function classes(error) {
  const names = [];
  for (
    let at = Object.getPrototypeOf(error);
    at !== Error.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    names.push(at.name);
  }
  return names;
}

export function error(it) {
  const { record } = it;
  return {
    code: it.code,
    classes: classes(it),
    message: it.message,
    text: `${it}\n${it.stack}\n${inspect(it, { depth: 10, showHidden: true })}`,
    attributes: {
      job_id: it.jobId,
      attempts: it.attempts,
      app_code: it.appCode,
      prediction: it.prediction && prediction(it.prediction),
      status: it.status,
      request_id: it.requestId,
      retry_after: seconds(it.retryAfterMs),
      body: it.body,
      violations: it.violations,
      record: record && { model: record.model, input: record.input, sent_at: record.sentAt },
      candidates: it.candidates?.map(prediction),
    },
  };
}

export function event(progress) {
  switch (progress.event) {
    case 'checked':
      return { event: 'checked', report: report(progress.report) };
    case 'submitting': {
      const { model, input, sentAt } = progress.record;
      return { ...progress, record: { model, input, sent_at: sentAt } };
    }
    case 'submitted':
      return { event: 'submitted', job_id: progress.jobId };
    case 'update':
      return { event: 'update', prediction: prediction(progress.prediction) };
    case 'retrying':
      return { event: 'retrying', error: error(progress.error), after: seconds(progress.afterMs) };
    default:
      return progress;
  }
}
