import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import {
  PredictionFields,
  type DownloadedFile,
  type OutputData,
  type PredictionData,
} from './generated/dto';
import type { DownloadOptions } from './options';

/** Downloads an output of a job: the client that a prediction came from. */
export interface Downloader {
  downloadOutput(
    output: OutputData | undefined,
    jobId: string | undefined,
    to: string | URL,
    options: DownloadOptions,
  ): Promise<DownloadedFile>;
}

/**
 * The state of a job as the service describes it at one moment; immutable.
 *
 * The service is lenient about most fields: a value that is missing, `null` or of an unexpected type
 * is `undefined` or empty here.
 */
export class Prediction extends PredictionFields {
  /** The outputs; empty until the job completes. */
  readonly outputs: readonly Output[];

  /** @internal */
  constructor(data: PredictionData, downloader: Downloader) {
    super(data);
    const urls = data.outputUrls ?? [];
    this.outputs = data.outputs.map(
      (output, index) => new Output(output, urls[index] ?? undefined, data.id, downloader),
    );
    Object.freeze(this);
  }

  /** The first output that has a URL; if none has, the first output. */
  get output(): Output | undefined {
    return this.outputs.find((output) => output.url !== undefined) ?? this.outputs[0];
  }

  /** The URL of the first output that has one. */
  get outputUrl(): string | undefined {
    return this.output?.url;
  }
}

/** One output of a completed job. Converted to a string, it is its URL or its text. */
export class Output {
  /** The URL to download it from, valid for seven days. */
  readonly url: string | undefined;
  /** What the service sent: a URL or text as a string, anything else as JSON. */
  readonly value: unknown;
  readonly #data: OutputData;
  readonly #jobId: string;
  readonly #downloader: Downloader;

  /** @internal */
  constructor(data: OutputData, url: string | undefined, jobId: string, downloader: Downloader) {
    this.#data = data;
    this.#jobId = jobId;
    this.#downloader = downloader;
    this.url = url;
    [this.value] = Object.values(data);
    Object.freeze(this);
  }

  /**
   * Downloads the output to a file, or into an existing folder under a name taken from the URL.
   *
   * The file appears only when it is complete. An interrupted download resumes where it stopped. The
   * API key is not sent.
   */
  async save(to: string | URL, options: DownloadOptions = {}): Promise<DownloadedFile> {
    return await this.#downloader.downloadOutput(this.#data, this.#jobId, to, options);
  }

  /** @internal The output as native code represents it. */
  get data(): OutputData {
    return this.#data;
  }

  /** Returns the content. Uses a temporary file, which is removed. */
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
   * Returns the content as a web stream. The download is complete when the promise resolves. It uses
   * a temporary file, which is removed once the stream has been read or cancelled.
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

  /** Returns the URL or the text. */
  toString(): string {
    return this.url ?? (typeof this.value === 'string' ? this.value : JSON.stringify(this.value));
  }

  /** Returns what the service sent. */
  toJSON(): unknown {
    return this.value;
  }
}
