import { Batch, type BatchOptions, type BatchRow } from './batch';
import { Dub, type DubOptions } from './dub';
import { decodeFit, encodeFit, requireNoStreams, type FitOptions, type FitResult } from './fit';
import { runOperation, throwIfClosed, CoreClient, type Message } from './core-client';
import { makeError, type SubmitRecord } from './errors';
import {
  BILLING_FILTER_DATA_RULES,
  decodeBilling,
  HISTORY_FILTER_DATA_RULES,
  RUN_OPTIONS_RULES,
  type Billing,
  type BillingData,
  type DeliveryData,
  type DownloadedFile,
  type FitResult as FitData,
  type Model,
  type PredictionData,
  type Price,
  type Report,
  type Request,
  type Usage,
} from './generated/dto';
import {
  encodeInput,
  encodeRecord,
  MediaPayload,
  normalizeArgs,
  type Input,
  type InputOrModel,
  type MoreArguments,
} from './inputs';
import { Job } from './job';
import { Ledger } from './ledger';
import { suppressUnhandledError, type MediaSource } from './media';
import type { Task } from './native';
import type {
  BillingFilter,
  CallOptions,
  ClientSettings,
  DownloadOptions,
  HistoryFilter,
  PriceOptions,
  RecoverOptions,
  UploadOptions,
} from './options';
import { Paginator } from './pagination';
import { Prediction } from './prediction';
import {
  progressDispatcher,
  type RunManyOptions,
  type RunOptions,
  type SubmitOptions,
} from './progress';
import { runMany, type RunResult } from './run-many';
import { encode, encodeFilter, encodeKeyedOptions, encodeOptions, show } from './serialize';
import {
  decodeDelivery,
  encodeBody,
  encodeHeaders,
  type Delivery,
  type WebhookBody,
  type WebhookHeaders,
  type WebhookReceiver,
} from './webhooks';

const { timeoutMs: _, ...SUBMIT_OPTIONS_RULES } = RUN_OPTIONS_RULES;
const TEXT = { kind: 'text' } as const;
const TEXTS = { kind: 'list', of: TEXT } as const;
const MOMENT = { kind: 'moment' } as const;
const RECOVER = {
  exclude: { required: false, rule: TEXTS },
  sentWithinMs: { required: false, rule: { kind: 'duration' } },
  matchByTime: { required: false, rule: { kind: 'boolean' } },
} as const;
const UPLOAD = { upload: { required: false, rule: { kind: 'boolean' } } } as const;

/**
 * A client of the service. Everything asynchronous is a promise or an async iterator.
 *
 * A pending promise keeps the process alive, as with `fetch`; a client by itself does not.
 * `AbortSignal.timeout(ms)` and `client.close()` end pending calls. A submitted job continues even
 * then: `client.job(id).wait()` waits for it again.
 */
export class Client implements WebhookReceiver, AsyncDisposable {
  readonly #core: CoreClient;
  /** The submits in the ledger. Its methods reject if the client has no ledger. */
  readonly ledger: Ledger;

  /** Creates a client. `new Client()` uses `WAVESPEED_API_KEY` and the defaults. */
  constructor(settings: ClientSettings = {}) {
    this.#core = new CoreClient(settings);
    this.ledger = new Ledger(this.#core);
  }

  /**
   * Checks, uploads, submits and waits: returns the completed prediction.
   *
   * It pays at most once. Every error after the submit has the job's id in `jobId`.
   *
   * Here and in the other methods, the first argument is an input, or, as in the official package, the id
   * of a model, followed by its parameters: `run(input, options)` or `run(model, parameters, options)`.
   */
  async run<const F>(
    input: InputOrModel<F>,
    ...more: MoreArguments<F, RunOptions>
  ): Promise<Prediction> {
    const [given, options] = normalizeArgs<RunOptions>(input, more);
    const encoded = encodeKeyedOptions('run', options, RUN_OPTIONS_RULES);
    const data = await this.#runWithInput<PredictionData>(given, options, (progress) => ({
      op: 'run',
      options: encoded,
      progress,
    }));
    return new Prediction(data, this.#core);
  }

  /**
   * Runs many inputs, at most `limit` at the same time. Results come as they finish, each with the
   * position of its input; a failed run does not stop the others. The client reads inputs from the
   * iterable when runs can start. Leaving the loop ends all runs, but submitted jobs continue. The
   * options are those of `run`, without the key, which belongs to one input.
   */
  runMany(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    options: RunManyOptions = {},
  ): Paginator<RunResult> {
    return runMany(this.#core, inputs, options);
  }

  /**
   * Runs the rows of a table as a batch, each paid for once. Iterate over it to run it.
   *
   * The rows are in a CSV or JSON Lines file, a folder, or an iterable of objects; relative paths in
   * objects are relative to the working directory. The same call resumes it after an interrupt or a
   * crash. Leaving the loop stops it; jobs that were submitted continue, and the next run saves their
   * results. docs/batches.md describes the columns, the options and the states.
   */
  batch(manifest: string | URL | Iterable<BatchRow>, options: BatchOptions): Batch {
    return new Batch(this.#core, manifest, options);
  }

  /**
   * Lip-syncs a clip of any length. Iterate over it to run it; `plan` is a dry run. The same call resumes
   * it, and pays for no segment twice. Needs ffmpeg. docs/dub.md describes it.
   */
  dub(options: DubOptions): Dub {
    return new Dub(this.#core, options);
  }

  /**
   * Makes the media of an input acceptable for its model, as new files in the folder `out`. The sources are
   * never touched. It costs nothing, and needs ffmpeg. docs/fit.md lists the steps.
   */
  async fit<const F>(
    input: InputOrModel<F>,
    ...more: MoreArguments<F, FitOptions>
  ): Promise<FitResult> {
    const [given, options] = normalizeArgs<FitOptions>(input, more);
    const request = encodeFit(options);
    requireNoStreams(given);
    return decodeFit(given, await this.#runWithInput<FitData>(given, options, () => request));
  }

  /**
   * Checks, uploads and sends the POST that costs money, at most once. Does not wait for the result.
   */
  async submit<const F>(
    input: InputOrModel<F>,
    ...more: MoreArguments<F, SubmitOptions>
  ): Promise<Job> {
    const [given, options] = normalizeArgs<SubmitOptions>(input, more);
    const encoded = encodeKeyedOptions('submit', options, SUBMIT_OPTIONS_RULES);
    let task!: Task;
    const data = await this.#runWithInput<PredictionData | null>(
      given,
      options,
      (progress) => ({ op: 'submit', options: encoded, progress }),
      (started) => (task = started),
    );
    return this.#jobOf(task, data);
  }

  /**
   * Checks an input against the rules of its model, without uploading or submitting anything.
   * Broken rules are in the report; they are no errors.
   */
  async check<const F>(
    input: InputOrModel<F>,
    ...more: MoreArguments<F, CallOptions>
  ): Promise<Report> {
    const [given, options] = normalizeArgs<CallOptions>(input, more);
    encodeOptions('check', options);
    return await this.#runWithInput<Report>(given, options, () => ({ op: 'check' }));
  }

  /** Checks an input against the model's schema in the live catalogue as well. It costs nothing. */
  async validate<const F>(
    input: InputOrModel<F>,
    ...more: MoreArguments<F, CallOptions>
  ): Promise<Report> {
    const [given, options] = normalizeArgs<CallOptions>(input, more);
    encodeOptions('validate', options);
    return await this.#runWithInput<Report>(given, options, () => ({ op: 'validate' }));
  }

  /**
   * Returns the price of a run. It costs nothing. With `upload`, local media are uploaded first, so
   * that the service can measure them; without, the price is the base price.
   */
  async price<const F>(
    input: InputOrModel<F>,
    ...more: MoreArguments<F, PriceOptions>
  ): Promise<Price> {
    const [given, options] = normalizeArgs<PriceOptions>(input, more);
    const encoded = encodeOptions('price', options, UPLOAD);
    return await this.#runWithInput<Price>(given, options, () => ({ op: 'price', ...encoded }));
  }

  /** Uploads one medium and returns its URL, which the service can read for seven days. */
  async upload(media: MediaSource, options: UploadOptions = {}): Promise<string> {
    encodeOptions('upload', options);
    throwIfClosed(this.#core, options.signal);
    suppressUnhandledError(media);
    const payload = new MediaPayload();
    try {
      const medium = await payload.add('media', media, options.signal);
      return await runOperation<string>(this.#core, options, (progress) =>
        this.#core.start({ op: 'upload', medium, progress }, payload.contents),
      );
    } finally {
      await payload.cleanup();
    }
  }

  /** Returns a handle on a job that was submitted before, here or elsewhere. */
  job(id: string): Job {
    encode('id', id, TEXT, 'invalid_input');
    return new Job(this.#core, this.#core.job(id));
  }

  /**
   * Finds the job of a submit that got no response: searches the history for a while, and never
   * submits anything.
   */
  async recover(record: SubmitRecord, options: RecoverOptions = {}): Promise<Job> {
    const criteria = encodeOptions('recover', options, RECOVER);
    const encoded = encodeRecord(record);
    let task!: Task;
    const start = () => (task = this.#core.start({ op: 'recover', record: encoded, ...criteria }));
    const data = await runOperation<PredictionData | null>(this.#core, options, start);
    return this.#jobOf(task, data);
  }

  /** Downloads an output to a file, or into an existing folder under a name taken from the URL. */
  async download(
    url: string | URL,
    to: string | URL,
    options: DownloadOptions = {},
  ): Promise<DownloadedFile> {
    if (typeof url !== 'string' && !(url instanceof URL)) {
      throw makeError('invalid_input', `\`url\` must be a URL, got ${show(url)}.`);
    }
    return await this.#core.downloadOutput({ url: String(url) }, undefined, to, options);
  }

  /**
   * Downloads the first output of a completed job that has a URL, or came as base64. Throws a
   * {@link DownloadError} with the job's id if there is none.
   */
  async downloadOutput(
    prediction: Prediction,
    to: string | URL,
    options: DownloadOptions = {},
  ): Promise<DownloadedFile> {
    requirePrediction(prediction);
    return await this.#core.downloadOutput(prediction.output?.data, prediction.id, to, options);
  }

  /**
   * Downloads all outputs of a completed job: into an existing folder, or to a file and to numbered
   * files next to it. `maxBytes` limits each output. Throws a {@link DownloadError} if there is none,
   * or if one cannot be saved; those before it stay, and the error names them.
   */
  async downloadOutputs(
    prediction: Prediction,
    to: string | URL,
    options: DownloadOptions = {},
  ): Promise<DownloadedFile[]> {
    requirePrediction(prediction);
    const outputs = prediction.outputs.map((output) => output.data);
    return await this.#core.downloadOutputs(outputs, prediction.id, to, options);
  }

  /** Lists the account's jobs of the last seven days, newest first, fetched when needed. */
  history(filter: HistoryFilter = {}, options: CallOptions = {}): Paginator<Prediction> {
    const encoded = encodeFilter(filter, HISTORY_FILTER_DATA_RULES);
    const decode = ({ item }: Message) => new Prediction(item as PredictionData, this.#core);
    return this.#list('history', { op: 'history', filter: encoded }, options, decode);
  }

  /** Lists the account's charges, newest first, fetched when needed. */
  billings(filter: BillingFilter = {}, options: CallOptions = {}): Paginator<Billing> {
    const encoded = encodeFilter(filter, BILLING_FILTER_DATA_RULES);
    return this.#list('billings', { op: 'billings', filter: encoded }, options, billingOf);
  }

  /** Lists all charges of a month, such as `2026-03`. */
  billingsOfMonth(month: string, options: CallOptions = {}): Paginator<Billing> {
    encode('month', month, TEXT, 'invalid_input');
    return this.#list('billingsOfMonth', { op: 'billingsOfMonth', month }, options, billingOf);
  }

  /** Returns all models of the service's catalogue, which the client keeps for an hour. */
  async models(options: CallOptions = {}): Promise<Model[]> {
    return await this.#ask<Model[]>('models', { op: 'models' }, options);
  }

  /** Returns the model with this id from the service's catalogue. */
  async model(id: string, options: CallOptions = {}): Promise<Model> {
    encode('id', id, TEXT, 'invalid_input');
    return await this.#ask<Model>('model', { op: 'model', id }, options);
  }

  /** Returns the balance in USD. */
  async balance(options: CallOptions = {}): Promise<number> {
    return await this.#ask<number>('balance', { op: 'balance' }, options);
  }

  /** Returns the usage and the cost of a time span of at most 31 days. */
  async usage(
    from: Date,
    to: Date,
    options: CallOptions & { model?: string | undefined } = {},
  ): Promise<Usage> {
    const { model, ...rest } = options;
    const span = {
      from: encode('from', from, MOMENT, 'invalid_input') as number,
      to: encode('to', to, MOMENT, 'invalid_input') as number,
    };
    if (model !== undefined) {
      encode('model', model, TEXT, 'invalid_input');
    }
    return await this.#ask<Usage>('usage', { op: 'usage', ...span, model }, rest);
  }

  /** Deletes past jobs and their outputs permanently. Returns how many were deleted. */
  async delete(ids: Iterable<string>, options: CallOptions = {}): Promise<number> {
    const encoded = encode('ids', ids, TEXTS, 'invalid_input') as string[];
    return await this.#ask<number>('delete', { op: 'delete', ids: encoded }, options);
  }

  /**
   * Receives a webhook delivery: verifies it with the account's secret, which is fetched once,
   * decodes it, and ends this client's waits for its job. Pass the raw body, not a parsed one.
   */
  async receiveWebhook(
    headers: WebhookHeaders,
    body: WebhookBody,
    options: CallOptions = {},
  ): Promise<Delivery> {
    encodeOptions('receiveWebhook', options);
    const content = encodeBody(body);
    const request = { op: 'receiveWebhook', headers: encodeHeaders(headers) } as const;
    const start = () => this.#core.start(request, [content]);
    const data = await runOperation<DeliveryData>(this.#core, options, start);
    return decodeDelivery(data, this.#core);
  }

  /**
   * Ends this client's waits for a job with the body of a delivery that was verified elsewhere.
   * Returns whether there were any. The signature is not checked.
   */
  deliver(body: WebhookBody): boolean {
    return this.#core.deliver(encodeBody(body));
  }

  /** Replaces the API key for all further requests, including those of running jobs. */
  setApiKey(apiKey: string): void {
    encode('apiKey', apiKey, TEXT, 'config');
    this.#core.setApiKey(apiKey);
  }

  /** Ends all pending calls with an {@link AbortError}. The client cannot be used afterwards. */
  close(): void {
    this.#core.close();
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #ask<T>(call: string, request: Request, options: CallOptions): Promise<T> {
    encodeOptions(call, options);
    const { signal } = options;
    return await runOperation<T>(this.#core, { signal }, () => this.#core.start(request));
  }

  #list<T>(
    call: string,
    request: Request,
    options: CallOptions,
    decode: (message: Message) => T,
  ): Paginator<T> {
    encodeOptions(call, options);
    return new Paginator(this.#core, options, () => this.#core.start(request), decode);
  }

  #jobOf(task: Task, data: PredictionData | null): Job {
    const job = task.job();
    if (job === null) {
      throw makeError('unexpected_response', 'The submit returned no job.');
    }
    return new Job(this.#core, job, data);
  }

  async #runWithInput<T>(
    input: Input,
    options: RunOptions,
    request: (progress: boolean) => object,
    onStart: (task: Task) => void = () => undefined,
  ): Promise<T> {
    throwIfClosed(this.#core, options.signal);
    const payload = new MediaPayload();
    try {
      const encoded = await encodeInput(input, payload, options.signal);
      const start = (progress: boolean) => {
        const task = this.#core.startWithInput(request(progress), encoded, payload.contents);
        onStart(task);
        return task;
      };
      const onEvent = progressDispatcher(this.#core, options);
      return await runOperation<T>(this.#core, options, start, onEvent);
    } finally {
      await payload.cleanup();
    }
  }
}

function requirePrediction(value: unknown): void {
  if (!(value instanceof Prediction)) {
    throw makeError('invalid_input', `\`prediction\` must be a Prediction, got ${show(value)}.`);
  }
}

function billingOf({ item }: Message): Billing {
  return decodeBilling(item as BillingData);
}
