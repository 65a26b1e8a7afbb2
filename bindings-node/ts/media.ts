import { open, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { refused } from './errors';

/** Bytes that come little by little: a Node stream, a web stream, or any other iterable of bytes. */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/**
 * One audio, video or image: the path of a file, a URL (as text or as an object; `data:` and `file:`
 * are understood), bytes, a `Blob` or `File`, a stream, or {@link Media}, which names bytes.
 */
export type MediaSource = string | URL | Uint8Array | ArrayBuffer | Blob | ByteStream | Media;

/** A medium over the border. */
export type MediumData =
  { path: string } | { text: string } | { bytes: { at: number; name: string } };

/** The largest file that the service takes in an upload, as its own clients say: 200 MB. */
const MAX_UPLOAD = 200 * 1024 * 1024;

/** A medium that says what it is, where that is not plain, or that brings a name for bytes. */
export class Media {
  /** @internal */
  readonly source: Exclude<MediaSource, Media>;
  /** @internal */
  readonly name: string | undefined;
  /** @internal */
  readonly isPath: boolean;

  private constructor(source: Exclude<MediaSource, Media>, name?: string, isPath = false) {
    this.source = source;
    this.name = name;
    this.isPath = isPath;
  }

  /** The file at this path, whatever the path looks like. */
  static path(path: string): Media {
    return new Media(path, undefined, true);
  }

  /** A URL that the service can fetch; or a `data:` or `file:` URL. */
  static url(url: string | URL): Media {
    return new Media(new URL(url));
  }

  /** Bytes, a `Blob` or a stream, uploaded under this name; its extension is made to fit. */
  static bytes(content: Uint8Array | ArrayBuffer | Blob | ByteStream, name: string): Media {
    return new Media(content, name);
  }
}

/** Collects what an input needs on its way over the border. */
export class Luggage {
  readonly contents: Buffer[] = [];
  readonly #folders: string[] = [];

  /** The medium as data; its bytes are put into the luggage. */
  async pack(source: MediaSource, signal: AbortSignal | undefined): Promise<MediumData> {
    if (source instanceof Media) {
      const { source: inner, isPath, name } = source;
      return isPath ? { path: String(inner) } : await this.#pack(inner, name, signal);
    }
    return await this.#pack(source, undefined, signal);
  }

  async #pack(
    source: Exclude<MediaSource, Media>,
    name: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<MediumData> {
    if (typeof source === 'string') {
      return { text: source };
    }
    if (source instanceof URL) {
      return source.protocol === 'file:' ? { path: fileURLToPath(source) } : { text: source.href };
    }
    if (source instanceof Blob) {
      const given = name ?? (source as { name?: string }).name;
      return this.#bytes(Buffer.from(await source.arrayBuffer()), given);
    }
    if (source instanceof ArrayBuffer) {
      return this.#bytes(Buffer.from(source), name);
    }
    if (ArrayBuffer.isView(source)) {
      const { buffer, byteOffset, byteLength } = source;
      return this.#bytes(Buffer.from(buffer, byteOffset, byteLength), name);
    }
    return { path: await this.#spool(source, name, signal) };
  }

  #bytes(content: Buffer, name = 'media'): MediumData {
    return { bytes: { at: this.contents.push(content) - 1, name } };
  }

  /** Writes a stream to a temporary file: its size has to be known before it is uploaded. */
  async #spool(
    stream: ByteStream,
    name = nameOf(stream),
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'viseme-'));
    this.#folders.push(folder);
    const path = join(folder, basename(name) || 'media');
    const file = await open(path, 'wx');
    try {
      let size = 0;
      for await (const chunk of stream as AsyncIterable<Uint8Array | string>) {
        signal?.throwIfAborted();
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        size += bytes.byteLength;
        if (size > MAX_UPLOAD) {
          throw refused('invalid_input', 'A stream is larger than the 200 MB that are taken.');
        }
        await file.write(bytes);
      }
    } finally {
      await file.close();
    }
    return path;
  }

  /** Removes the temporary files. */
  async unpack(): Promise<void> {
    for (const folder of this.#folders.splice(0)) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Whether a value is a medium by its type alone; text is not. */
export function isMedium(value: unknown): value is Exclude<MediaSource, string> {
  return (
    value instanceof Media ||
    value instanceof URL ||
    value instanceof Blob ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value) ||
    (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
  );
}

/**
 * Lets a Node stream fail before it is its turn to be read: the error comes when it is read, and not
 * as one that nobody caught.
 */
export function expectFailure(source: unknown): void {
  const inner = source instanceof Media ? source.source : source;
  if (inner instanceof Readable) {
    inner.once('error', () => undefined);
  }
}

/** The name of the file that a stream reads. */
function nameOf(stream: ByteStream): string {
  const { path } = stream as { path?: unknown };
  return typeof path === 'string' ? basename(path) : 'media';
}
