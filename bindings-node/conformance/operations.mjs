// The operations.
import { writeFile } from 'node:fs/promises';

import { AbortError, VisemeError, WebhookVerifier } from 'viseme';

import { clientOf } from './clients.mjs';
import { inputOf, mediumOf } from './inputs.mjs';
import * as values from './values.mjs';

export { closeClient } from './clients.mjs';

const kept = new Map();
/** The error of a callback that prevents the submit. */
const prevented = new Error('prevented');

/** Saves a record, and then waits until the harness kills this process. */
async function saveRecord(record, { to, hold }) {
  await writeFile(to, hold === 'before' ? '' : JSON.stringify(record));
  if (hold !== undefined) await new Promise(() => {});
}

/** Executes an operation. If the driver cannot do it, the outcome is a driver error. */
export async function execute(message, signal) {
  const events = [];
  try {
    const operation = OPERATIONS[message.op];
    if (operation === undefined) {
      return { driver_error: `unknown operation ${message.op}` };
    }
    const client = message.client && clientOf(message.client);
    const options = optionsOf(message.options ?? {}, signal);
    const onProgress = (progress) => {
      const event = values.event(progress);
      events.push(event);
      const submitting = progress.event === 'submitting';
      if (submitting && message.options?.submit_error) throw prevented;
      if (submitting && message.options?.save_record) {
        return saveRecord(event.record, message.options.save_record);
      }
      if (!submitting && message.options?.progress_error) {
        throw new Error('the progress callback of the case');
      }
    };
    const call = { id: message.id, client, input: message.input, options, onProgress, events };
    return { value: await operation(call), events };
  } catch (error) {
    if (error === prevented) {
      return { value: { prevented: true }, events };
    }
    if (error instanceof AbortError) {
      return { cancelled: { class: error.name }, events };
    }
    if (error instanceof VisemeError) {
      return { error: values.error(error), events };
    }
    return { driver_error: String(error?.stack ?? error) };
  }
}

function optionsOf(
  {
    deadline,
    max_bytes,
    check_media,
    retry_failed,
    progress_error: _,
    submit_error: __,
    save_record: ___,
    ...same
  },
  signal,
) {
  const all = { ...same, signal };
  if (deadline !== undefined) all.timeoutMs = deadline * 1000;
  if (max_bytes !== undefined) all.maxBytes = max_bytes;
  if (check_media !== undefined) all.checkMedia = check_media;
  if (retry_failed !== undefined) all.retryFailed = retry_failed;
  return all;
}

/** Returns the prediction that an earlier operation kept. */
function keptOf(id) {
  const prediction = kept.get(id);
  if (prediction === undefined) {
    throw new Error(`${id} has no prediction`);
  }
  return prediction;
}

/** Keeps a prediction for a later download, and returns it in the protocol's format. */
function keep(id, prediction) {
  kept.set(id, prediction);
  return values.prediction(prediction);
}

async function all(iterable, show, limit = Infinity) {
  const found = [];
  for await (const item of iterable) {
    found.push(show(item));
    if (found.length >= limit) break;
  }
  return found;
}

const OPERATIONS = {
  async run({ id, client, input, options, onProgress }) {
    return keep(id, await client.run(await inputOf(input), { ...options, onProgress }));
  },
  async run_many({ client, input, options }) {
    const inputs = await Promise.all(input.inputs.map(inputOf));
    const show = ({ index, ok, prediction, error }) =>
      ok
        ? { index, prediction: values.prediction(prediction) }
        : { index, error: values.error(error) };
    return { results: await all(client.runMany(inputs, options), show) };
  },
  async check({ client, input, options: { signal } }) {
    return values.report(await client.check(await inputOf(input), { signal }));
  },
  async validate({ client, input, options: { signal } }) {
    return values.report(await client.validate(await inputOf(input), { signal }));
  },
  async upload({ client, input, options: { signal } }) {
    return { url: await client.upload(await mediumOf(input.medium), { signal }) };
  },
  async submit({ client, input, options, onProgress }) {
    return values.job(await client.submit(await inputOf(input), { ...options, onProgress }));
  },
  async job_wait({ id, client, input, options, onProgress }) {
    return keep(id, await client.job(input.job_id).wait({ ...options, onProgress }));
  },
  async job_updates({ client, input, options, events }) {
    const updates = [];
    for await (const update of client.job(input.job_id).updates(options)) {
      const prediction = values.prediction(update);
      events.push({ event: 'update', prediction });
      updates.push(prediction);
    }
    return { updates };
  },
  async job_refresh({ id, client, input, options }) {
    return keep(id, await client.job(input.job_id).refresh(options));
  },
  async download({ client, input, options }) {
    if (input.url !== undefined) {
      return await client.download(input.url, input.to, options);
    }
    return await client.downloadOutput(keptOf(input.of), input.to, options);
  },
  async download_outputs({ client, input, options }) {
    return { files: await client.downloadOutputs(keptOf(input.of), input.to, options) };
  },
  async recover({ client, input: { record }, options }) {
    const { model, input, sent_at: sentAt } = record;
    return values.job(await client.recover({ model, input, sentAt }, options));
  },
  async history({ client, input, options }) {
    const { model, status, include_inputs: includeInputs, page_size: pageSize, limit } = input;
    const filter = { model, status, includeInputs, pageSize };
    return { jobs: await all(client.history(filter, options), values.prediction, limit) };
  },
  async models({ client, input, options }) {
    const models = input.id
      ? [await client.model(input.id, options)]
      : await client.models(options);
    return { models: models.map(values.model) };
  },
  async price({ client, input, options }) {
    return values.price(await client.price(await inputOf(input), options));
  },
  async balance({ client, options }) {
    return { balance: await client.balance(options) };
  },
  async delete({ client, input, options }) {
    return { deleted: await client.delete(input.ids, options) };
  },
  async set_api_key({ client, input: { key } }) {
    client.setApiKey(key);
    return {};
  },
  async webhook_verify({ input: { secret, headers, body, now, tolerance } }) {
    const toleranceMs = tolerance == null ? undefined : tolerance * 1000;
    const verifier = new WebhookVerifier(secret, { toleranceMs });
    const at = now == null ? undefined : new Date(now);
    return values.delivery(verifier.verify(headers, body, { now: at }));
  },
  async webhook_receive({ client, input: { headers, body }, options }) {
    return values.delivery(await client.receiveWebhook(headers, body, options));
  },
};
