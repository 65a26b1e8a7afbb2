import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Readable } from 'node:stream';

import { call } from './call';
import type { Reach } from './native';
import { refused } from './errors';
import type { DownloadOptions, DownloadedFile } from './options';

/** The state of a job: the service's own word. One that is not listed means that it still runs. */
export type Status =
  | 'created'
  | 'processing'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'timeout'
  | 'deleted'
  | (string & {});

type OutputData = { url: string } | { text: string } | { json: unknown };

/** A prediction as it comes over the border. */
export interface PredictionData {
  id: string;
  model: string;
  status: Status;
  outputs: OutputData[];
  resultUrl?: string;
  hasNsfwContents?: boolean[];
  createdAt?: number;
  error?: string;
  code?: number;
  executionTimeMs?: number;
  timingsMs?: Record<string, number>;
  input?: unknown;
  recovered?: 'input' | 'model_and_time';
  extra?: Record<string, unknown>;
}

/**
 * What the service says of a job at one moment; it never changes.
 *
 * The service is loose about most fields: what is absent, `null` or of an unforeseen type is
 * `undefined` or empty here.
 */
export class Prediction {
  /** The job's id. */
  readonly id: string;
  /** The model that runs; empty where the service did not say. */
  readonly model: string;
  /** The state of the job. */
  readonly status: Status;
  /** What came out; empty until the job is completed. */
  readonly outputs: readonly Output[];
  /** Where the service says the result can be read. */
  readonly resultUrl: string | undefined;
  /** For each output, whether it was judged unfit for work. */
  readonly hasNsfwContents: readonly boolean[] | undefined;
  /** When the job was made, by the service's clock. */
  readonly createdAt: Date | undefined;
  /** What went wrong. */
  readonly error: string | undefined;
  /** The service's application code; `undefined` where absent or 0. */
  readonly code: number | undefined;
  /** How long the job ran, in milliseconds, as the service measured it. */
  readonly executionTimeMs: number | undefined;
  /** Parts of that time by name, in milliseconds. */
  readonly timingsMs: Readonly<Record<string, number>>;
  /** The input of the job, where the service repeats it (webhooks, history). */
  readonly input: unknown;
  /** Set where the answer to the submit was lost and the job was found in the history. */
  readonly recovered: 'input' | 'model_and_time' | undefined;
  /** Every other field of the service's answer. */
  readonly extra: Readonly<Record<string, unknown>>;

  /** @internal */
  constructor(data: PredictionData, reach?: Reach) {
    this.id = data.id;
    this.model = data.model;
    this.status = data.status;
    this.outputs = data.outputs.map((output) => new Output(output, data.id, reach));
    this.resultUrl = data.resultUrl;
    this.hasNsfwContents = data.hasNsfwContents;
    this.createdAt = data.createdAt === undefined ? undefined : new Date(data.createdAt);
    this.error = data.error;
    this.code = data.code;
    this.executionTimeMs = data.executionTimeMs;
    this.timingsMs = data.timingsMs ?? {};
    this.input = data.input;
    this.recovered = data.recovered;
    this.extra = data.extra ?? {};
    Object.freeze(this);
  }

  /** The first output that has a URL, or else the first of all. */
  get output(): Output | undefined {
    return this.outputs.find((output) => output.url !== undefined) ?? this.outputs[0];
  }

  /** The URL of the first output that has one. */
  get outputUrl(): string | undefined {
    return this.output?.url;
  }
}

/** One output of a completed job. As text it is its URL, or the text it is. */
export class Output {
  /** Where it can be downloaded, for seven days. */
  readonly url: string | undefined;
  /** What the service sent: a URL or text as a string, anything else as JSON. */
  readonly value: unknown;
  readonly #data: OutputData;
  readonly #jobId: string;
  readonly #reach: Reach | undefined;

  /** @internal */
  constructor(data: OutputData, jobId: string, reach: Reach | undefined) {
    this.#data = data;
    this.#jobId = jobId;
    this.#reach = reach;
    if ('json' in data) {
      this.value = data.json;
      const url = (data.json as { url?: unknown } | null)?.url;
      this.url = typeof url === 'string' ? url : undefined;
    } else {
      this.value = 'url' in data ? data.url : data.text;
      this.url = 'url' in data ? data.url : undefined;
    }
    Object.freeze(this);
  }

  /**
   * Saves it to a file, or into an existing folder under a name taken from its URL. The file
   * appears when it is whole; a download that breaks off goes on where it was. The key is not sent.
   */
  async save(to: string | URL, options: DownloadOptions = {}): Promise<DownloadedFile> {
    const reach = this.#reach;
    if (reach === undefined) {
      throw refused('config', 'This output came from no client; use `client.download(url, to)`.');
    }
    return await save(reach, this.#data, this.#jobId, to, options);
  }

  /** @internal The output as it came over the border. */
  get data(): unknown {
    return this.#data;
  }

  /** Its content, in memory. It is written to a temporary file first, which is removed. */
  async arrayBuffer(options: DownloadOptions = {}): Promise<ArrayBuffer> {
    const folder = await mkdtemp(join(tmpdir(), 'viseme-'));
    try {
      const { path } = await this.save(join(folder, 'output'), options);
      const content = await readFile(path);
      return content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /**
   * Its content as a web stream, whole by the time the promise is fulfilled: it is written to a
   * temporary file first, which is removed when the stream has been read or cancelled.
   */
  async stream(options: DownloadOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const folder = await mkdtemp(join(tmpdir(), 'viseme-'));
    const remove = () => rm(folder, { recursive: true, force: true });
    try {
      const { path } = await this.save(join(folder, 'output'), options);
      const file = createReadStream(path);
      file.once('close', () => void remove());
      return Readable.toWeb(file) as ReadableStream<Uint8Array>;
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /** Its URL, or the text it is. */
  toString(): string {
    return this.url ?? (typeof this.value === 'string' ? this.value : JSON.stringify(this.value));
  }

  /** What the service sent. */
  toJSON(): unknown {
    return this.value;
  }
}

/** Saves an output of a job; an error where there is none. */
export async function save(
  reach: Reach,
  output: unknown,
  jobId: string | undefined,
  to: string | URL,
  options: DownloadOptions,
): Promise<DownloadedFile> {
  const { maxBytes } = options;
  const request = { op: 'download', output, jobId, to: pathOf(to), maxBytes };
  return await call<DownloadedFile>(reach, options, (progress) =>
    reach.native.start(JSON.stringify({ ...request, progress }), []),
  );
}

/** A path of the file system. */
export function pathOf(place: string | URL): string {
  return typeof place === 'string' ? place : fileURLToPath(place);
}
