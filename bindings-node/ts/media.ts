import { Readable } from 'node:stream';

/** Bytes that arrive over time: a Node stream, a web stream, or any other iterable of bytes. */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/**
 * One audio, video or image: the path of a file, a URL (as a string or a `URL`; `data:` and `file:`
 * work as well), bytes, a `Blob` or `File`, a stream, or {@link Media}, which names bytes.
 */
export type MediaSource = string | URL | Uint8Array | ArrayBuffer | Blob | ByteStream | Media;

/** Media with an explicit kind of source, or bytes with a file name. */
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

  /** Returns the file at this path, even if the path has the form of a URL. */
  static path(path: string): Media {
    return new Media(path, undefined, true);
  }

  /** Returns the file at a URL that the service can fetch, or a `data:` or `file:` URL. */
  static url(url: string | URL): Media {
    return new Media(new URL(url));
  }

  /** Returns bytes, a `Blob` or a stream with a file name. The extension is corrected if needed. */
  static bytes(content: Uint8Array | ArrayBuffer | Blob | ByteStream, name: string): Media {
    return new Media(content, name);
  }
}

/** Whether a value is media by its type. Whether a string is media depends on the parameter. */
export function isMedia(value: unknown): value is Exclude<MediaSource, string> {
  // Most values are text.
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return (
    value instanceof Media ||
    value instanceof URL ||
    value instanceof Blob ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value) ||
    Symbol.asyncIterator in value
  );
}

/**
 * Lets a Node stream fail before it is read: reading it throws the error, which would otherwise be
 * an uncaught one.
 */
export function suppressUnhandledError(source: unknown): void {
  const inner = source instanceof Media ? source.source : source;
  if (inner instanceof Readable) {
    inner.once('error', () => undefined);
  }
}
