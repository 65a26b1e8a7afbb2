import type { Billing, BillingFilter, HistoryFilter, Model, Price, Usage } from './account';
import { call, refuseIfOver, type CallOptions, type Message } from './call';
import { errorOf, type ErrorData, type SubmitRecord } from './errors';
import { AnyInput, pack, type Input, type ParametersOf } from './inputs';
import { Paginator } from './iterate';
import { Job } from './job';
import { many, type RunResult } from './many';
import { expectFailure, Luggage, type MediaSource } from './media';
import { native, type NativeClient, type Reach, type Task } from './native';
import type {
  ClientSettings,
  DownloadOptions,
  RunManyOptions,
  RunOptions,
  DownloadedFile,
  SubmitOptions,
  UploadOptions,
} from './options';
import { Prediction, save, type PredictionData } from './prediction';
import { teller } from './progress';
import type { Report } from './report';
import { told, numbers } from './told';
import { asBody, asHeaders, deliveryOf, type Delivery, type DeliveryData } from './delivery';
import type { WebhookBody, WebhookHeaders, WebhookReceiver } from './delivery';

/**
 * A client of the service. Everything asynchronous is a promise or an async iterator.
 *
 * A promise that is waited for keeps the process alive, as with `fetch`; a client by itself does
 * not. `AbortSignal.timeout(ms)` or `client.close()` end what is under way; a job that was submitted
 * goes on at the service all the same, and `client.job(id).wait()` finds it again.
 */
export class Client implements WebhookReceiver, AsyncDisposable {
  readonly #reach: Reach;

  /** A client with these settings; `new Client()` takes `WAVESPEED_API_KEY` and the defaults. */
  constructor(settings: ClientSettings = {}) {
    this.#reach = { native: open(settings), tasks: new Set(), closed: false };
  }

  /**
   * Checks, uploads, submits and waits: from the input to the completed prediction.
   *
   * Pays at most once. Every error raised after the submit has the job's id in `jobId`.
   */
  run(input: Input, options?: RunOptions): Promise<Prediction>;
  /** The same with the model's id first, as the official package has it. */
  run<const M extends string>(
    model: M,
    parameters: ParametersOf<M>,
    options?: RunOptions,
  ): Promise<Prediction>;
  async run(first: Input | string, second?: object, third?: RunOptions): Promise<Prediction> {
    const [input, options] = sorted<RunOptions>(first, second, third);
    const found = await this.#withInput<PredictionData>(input, options, 'run', {
      options: told(options),
    });
    return new Prediction(found, this.#reach);
  }

  /**
   * Runs many inputs, at most `limit` of them at once; results come as they are ready, each with
   * the position of its input. One run's failure does not stop the others. Inputs are taken from
   * the iterable as places become free. Leaving the loop ends all, while jobs that were submitted
   * go on at the service.
   */
  runMany(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    options: RunManyOptions = {},
  ): Paginator<RunResult> {
    return many(this.#reach, inputs, options);
  }

  /**
   * Checks and uploads what is needed, and sends the POST that costs money, at most once; does not
   * wait for the result.
   */
  submit(input: Input, options?: SubmitOptions): Promise<Job>;
  /** The same with the model's id first. */
  submit<const M extends string>(
    model: M,
    parameters: ParametersOf<M>,
    options?: SubmitOptions,
  ): Promise<Job>;
  async submit(first: Input | string, second?: object, third?: SubmitOptions): Promise<Job> {
    const [input, options] = sorted<SubmitOptions>(first, second, third);
    let task!: Task;
    const found = await this.#withInput<PredictionData | null>(
      input,
      options,
      'submit',
      { options: told(options) },
      (begun) => (task = begun),
    );
    return this.#jobOf(task, found);
  }

  /**
   * Checks an input against the rules of its model, without uploading or submitting anything.
   * Broken rules are in the report, not errors.
   */
  check(input: Input, options?: CallOptions): Promise<Report>;
  /** The same with the model's id first. */
  check<const M extends string>(
    model: M,
    parameters: ParametersOf<M>,
    options?: CallOptions,
  ): Promise<Report>;
  async check(first: Input | string, second?: object, third?: CallOptions): Promise<Report> {
    const [input, options] = sorted<CallOptions>(first, second, third);
    return await this.#withInput<Report>(input, options, 'check');
  }

  /** Judges an input by the model's schema in the live catalogue as well. Nothing is spent. */
  validate(input: Input, options?: CallOptions): Promise<Report>;
  /** The same with the model's id first. */
  validate<const M extends string>(
    model: M,
    parameters: ParametersOf<M>,
    options?: CallOptions,
  ): Promise<Report>;
  async validate(first: Input | string, second?: object, third?: CallOptions): Promise<Report> {
    const [input, options] = sorted<CallOptions>(first, second, third);
    return await this.#withInput<Report>(input, options, 'validate');
  }

  /**
   * Asks what a run would cost. That costs nothing. With `upload`, media on this machine are
   * uploaded first, so that the service can measure them; otherwise the price is the base price.
   */
  price(input: Input, options?: CallOptions & { upload?: boolean }): Promise<Price>;
  /** The same with the model's id first. */
  price<const M extends string>(
    model: M,
    parameters: ParametersOf<M>,
    options?: CallOptions & { upload?: boolean },
  ): Promise<Price>;
  async price(
    first: Input | string,
    second?: object,
    third?: CallOptions & { upload?: boolean },
  ): Promise<Price> {
    const [input, options] = sorted<CallOptions & { upload?: boolean }>(first, second, third);
    return await this.#withInput<Price>(input, options, 'price', { upload: options.upload });
  }

  /** Uploads one medium and gives the URL under which the service finds it, for seven days. */
  async upload(media: MediaSource, options: UploadOptions = {}): Promise<string> {
    refuseIfOver(this.#reach, options.signal);
    expectFailure(media);
    const luggage = new Luggage();
    try {
      const medium = await luggage.pack(media, options.signal);
      return await call<string>(this.#reach, options, (progress) =>
        this.#start({ op: 'upload', medium, progress }, luggage.contents),
      );
    } finally {
      await luggage.unpack();
    }
  }

  /** A handle on a job that was submitted before, here or elsewhere. */
  job(id: string): Job {
    return new Job(this.#reach, this.#reach.native.job(id));
  }

  /**
   * Finds out what became of a submit whose answer was never heard: looks for its job in the
   * history, for a while, and never submits anything.
   */
  async recover(record: SubmitRecord, options: CallOptions = {}): Promise<Job> {
    let task!: Task;
    const found = await call<PredictionData | null>(this.#reach, options, () => {
      task = this.#start({ op: 'recover', record });
      return task;
    });
    return this.#jobOf(task, found);
  }

  /** Downloads an output to a file, or into an existing folder under a name taken from the URL. */
  async download(
    url: string | URL,
    to: string | URL,
    options: DownloadOptions = {},
  ): Promise<DownloadedFile> {
    return await save(this.#reach, { url: String(url) }, undefined, to, options);
  }

  /**
   * Downloads the first output of a completed job that has a URL, or came as base64. Throws a
   * {@link DownloadError} with the job's id where there is none.
   */
  async downloadOutput(
    prediction: Prediction,
    to: string | URL,
    options: DownloadOptions = {},
  ): Promise<DownloadedFile> {
    return await save(this.#reach, prediction.output?.data, prediction.id, to, options);
  }

  /** The account's jobs of the last seven days, newest first, fetched as they are needed. */
  history(filter: HistoryFilter = {}, options: CallOptions = {}): Paginator<Prediction> {
    const request = { op: 'history', filter: moments(filter) };
    const read = ({ item }: Message) => new Prediction(item as PredictionData, this.#reach);
    return new Paginator(this.#reach, options, () => this.#start(request), read);
  }

  /** The account's charges, newest first, fetched as they are needed. */
  billings(filter: BillingFilter = {}, options: CallOptions = {}): Paginator<Billing> {
    return this.#bill({ op: 'billings', filter: moments(filter) }, options);
  }

  /** Every charge of a month, such as `2026-03`. */
  billingsOfMonth(month: string, options: CallOptions = {}): Paginator<Billing> {
    return this.#bill({ op: 'billingsOfMonth', month }, options);
  }

  /** Every model of the service, kept for an hour. */
  async models(options: CallOptions = {}): Promise<Model[]> {
    return await this.#ask<Model[]>({ op: 'models' }, options);
  }

  /** The model with this id, from the service's catalogue. */
  async model(id: string, options: CallOptions = {}): Promise<Model> {
    return await this.#ask<Model>({ op: 'model', id }, options);
  }

  /** What is left on the account, in dollars. */
  async balance(options: CallOptions = {}): Promise<number> {
    return await this.#ask<number>({ op: 'balance' }, options);
  }

  /** What was used and spent from one moment to another, at most 31 days. */
  async usage(
    from: Date,
    to: Date,
    options: CallOptions & { model?: string | undefined } = {},
  ): Promise<Usage> {
    const request = { op: 'usage', from: from.getTime(), to: to.getTime(), model: options.model };
    return await this.#ask<Usage>(request, options);
  }

  /** Deletes past jobs and their outputs, for good; gives how many there were. */
  async delete(ids: Iterable<string>, options: CallOptions = {}): Promise<number> {
    return await this.#ask<number>({ op: 'delete', ids: [...ids] }, options);
  }

  /**
   * Takes a webhook's delivery: verifies it with the account's secret, which is fetched once, reads
   * it, and ends the waits of this client for its job. Pass the body as it came, not parsed.
   */
  async receiveWebhook(
    headers: WebhookHeaders,
    body: WebhookBody,
    options: CallOptions = {},
  ): Promise<Delivery> {
    const content = asBody(body);
    const request = { op: 'receiveWebhook', headers: asHeaders(headers) };
    const begin = () => this.#start(request, [content]);
    return deliveryOf(await call<DeliveryData>(this.#reach, options, begin), this.#reach);
  }

  /**
   * Ends the waits of this client for a job, by a delivery's body that was verified elsewhere; tells
   * whether there were any. It is believed.
   */
  deliver(body: WebhookBody): boolean {
    const message = JSON.parse(this.#reach.native.deliver(asBody(body))) as Message;
    if (message.error !== undefined) {
      throw errorOf(message.error, this.#reach);
    }
    return message.value as boolean;
  }

  /** Ends everything that is under way with an {@link AbortError}; the client is of no use then. */
  close(): void {
    this.#reach.closed = true;
    for (const task of this.#reach.tasks) {
      task.cancel();
    }
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #start(request: object, contents: Buffer[] = []): Task {
    return this.#reach.native.start(JSON.stringify(request), contents);
  }

  async #ask<T>(request: object, options: CallOptions): Promise<T> {
    return await call<T>(this.#reach, { signal: options.signal }, () => this.#start(request));
  }

  #bill(request: object, options: CallOptions): Paginator<Billing> {
    const read = ({ item }: Message) => {
      const record = item as Omit<Billing, 'createdAt'> & { createdAt: number | null };
      const { createdAt } = record;
      return { ...record, createdAt: createdAt === null ? null : new Date(createdAt) };
    };
    return new Paginator(this.#reach, options, () => this.#start(request), read);
  }

  #jobOf(task: Task, found: PredictionData | null): Job {
    const job = task.job();
    if (job === null) {
      const message = 'The job of the submit is not there.';
      throw errorOf({ code: 'unexpected_response', message, attempts: 1 });
    }
    return new Job(
      this.#reach,
      job,
      found === null ? undefined : new Prediction(found, this.#reach),
    );
  }

  async #withInput<T>(
    input: Input,
    options: RunOptions,
    op: string,
    more: object = {},
    begun: (task: Task) => void = () => undefined,
  ): Promise<T> {
    refuseIfOver(this.#reach, options.signal);
    const luggage = new Luggage();
    try {
      // The text of the input is put in as it is, and not parsed and written again.
      const packed = await pack(input, luggage, options.signal);
      return await call<T>(
        this.#reach,
        options,
        (progress) => {
          const head = JSON.stringify({ op, ...(progress && { progress }), ...more }).slice(0, -1);
          const task = this.#reach.native.start(`${head},"input":${packed}}`, luggage.contents);
          begun(task);
          return task;
        },
        teller(this.#reach, options),
      );
    } finally {
      await luggage.unpack();
    }
  }
}

/** The two shapes of a call as one: an input, and options. */
function sorted<O extends CallOptions>(
  first: Input | string,
  second: object | undefined,
  third: O | undefined,
): [Input, O] {
  return typeof first === 'string'
    ? [new AnyInput(first, { ...second }), third ?? ({} as O)]
    : [first, (second ?? {}) as O];
}

function open(settings: ClientSettings): NativeClient {
  const { ignoreEnv, ...rest } = settings;
  const env = ignoreEnv ? {} : variables();
  try {
    return native.NativeClient.open(JSON.stringify({ env, settings: numbers(rest) }));
  } catch (error) {
    const { error: data } = JSON.parse((error as Error).message) as { error: ErrorData };
    throw errorOf(data);
  }
}

/** The environment as this thread has it: a worker may have one of its own. */
function variables(): Record<string, string> {
  const all = Object.entries(process.env).filter(([name]) => name.startsWith('WAVESPEED_'));
  return Object.fromEntries(all) as Record<string, string>;
}

/** Dates as numbers. */
function moments(filter: object): object {
  const entries = Object.entries(filter);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Date ? value.getTime() : value]),
  );
}
