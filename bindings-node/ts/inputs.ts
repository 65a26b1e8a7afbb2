import { open, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeError, type SubmitRecord } from './errors';
import { SUBMIT_RECORD_DATA_RULES, type FieldData, type MediaData } from './generated/dto';
import type { Models } from './generated/models';
import { isMedia, Media, suppressUnhandledError, type ByteStream } from './media';
import { encodeFields, isPlainObject, show } from './serialize';

/** The parameters of the model with this id; for an unknown model, anything. */
export type ParametersOf<M extends string> = M extends keyof Models ? Models[M] : Parameters;

/** The parameters of any model: JSON, and media, which the client uploads. */
export type Parameters = { [name: string]: unknown };

/** An input of a model with typed inputs, distinguished by `model`. */
export type TypedInput = { [M in keyof Models]: { model: M } & Models[M] }[keyof Models];

/** An input: a typed one, or one of any model, made by {@link input}. */
export type Input = TypedInput | AnyInput;

/** The first argument of a call: an input, or the id of a model. */
export type InputOrModel<F> = F extends string ? F : Input;

/** The arguments after it: options, and before them the parameters if the first one is an id. */
// One signature instead of overloads: the compiler then names the argument that is wrong.
export type MoreArguments<F, O> = F extends string
  ? [parameters: ParametersOf<F>, options?: O]
  : [options?: O];

/** A model and its parameters. */
export class AnyInput {
  /** The model's id. */
  readonly model: string;
  /** The parameters. */
  readonly parameters: Parameters;

  /** @internal */
  constructor(model: string, parameters: Parameters) {
    this.model = model;
    this.parameters = parameters;
  }
}

/**
 * Returns an input of any model: `input('wavespeed-ai/infinitetalk', { image: Media.path('a.png') })`.
 *
 * Strings stay strings for models without a typed input: pass `Media.path` for a file, and a `URL`
 * for media that the client should check.
 */
export function input<const M extends string>(model: M, parameters: ParametersOf<M>): AnyInput {
  return new AnyInput(model, parameters as Parameters);
}

/** The largest file that the service accepts in an upload, according to its own clients: 200 MB. */
const MAX_UPLOAD = 200 * 1024 * 1024;

/** The largest `Blob` that is read into memory. It may be a file on disk. */
const MAX_IN_MEMORY = 4 * 1024 * 1024;

/** The media of an input: their bytes and temporary files. */
export class MediaPayload {
  readonly contents: Buffer[] = [];
  readonly #folders: string[] = [];

  /** Adds a medium; returns its data for native code. */
  async add(
    parameter: string,
    source: unknown,
    signal: AbortSignal | undefined,
  ): Promise<MediaData> {
    if (source instanceof Media) {
      const { source: inner, isPath, name } = source;
      return isPath ? { path: String(inner) } : await this.#add(parameter, inner, name, signal);
    }
    return await this.#add(parameter, source, undefined, signal);
  }

  async #add(
    parameter: string,
    source: unknown,
    name: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<MediaData> {
    if (typeof source === 'string') {
      return { text: source };
    }
    if (source instanceof URL) {
      return source.protocol === 'file:' ? { path: fileURLToPath(source) } : { text: source.href };
    }
    if (source instanceof Blob) {
      const given = name ?? (source as { name?: string }).name;
      if (source.size > MAX_IN_MEMORY) {
        return { path: await this.#writeFile(parameter, source.stream(), given, signal) };
      }
      return this.#addBytes(Buffer.from(await source.arrayBuffer()), given);
    }
    if (source instanceof ArrayBuffer) {
      return this.#addBytes(Buffer.from(source), name);
    }
    if (ArrayBuffer.isView(source)) {
      const { buffer, byteOffset, byteLength } = source;
      return this.#addBytes(Buffer.from(buffer, byteOffset, byteLength), name);
    }
    if (!isMedia(source)) {
      const message = `\`${parameter}\` must be a path, a URL, bytes, a Blob or a stream, got ${show(source)}.`;
      throw makeError('invalid_input', message);
    }
    return { path: await this.#writeFile(parameter, source as ByteStream, name, signal) };
  }

  #addBytes(content: Buffer, name = 'media'): MediaData {
    return { bytes: { at: this.contents.push(content) - 1, name } };
  }

  /** Writes a stream to a temporary file: its size must be known before the upload. */
  async #writeFile(
    parameter: string,
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
          const message = `\`${parameter}\` must be at most 200 MB; the stream has more.`;
          throw makeError('invalid_input', message);
        }
        await file.write(bytes);
      }
    } finally {
      await file.close();
    }
    return path;
  }

  /** Removes the temporary files. */
  async cleanup(): Promise<void> {
    for (const folder of this.#folders.splice(0)) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Returns the name of the file that a stream reads. */
function nameOf(stream: ByteStream): string {
  const { path } = stream as { path?: unknown };
  return typeof path === 'string' ? basename(path) : 'media';
}

/** Returns the input as JSON text, or `undefined` if it has media that must be read first. */
export function encodePlainInput(given: Input): string | undefined {
  const parameters = parametersOf(given);
  const isTyped = !(given instanceof AnyInput);
  const fields: [string, FieldData][] = [];
  for (const name of Object.keys(parameters)) {
    const value = parameters[name];
    if (isTyped && name === 'model') {
      continue;
    }
    if (isMedia(value)) {
      return undefined;
    }
    if (value !== undefined) {
      checkJson(name, value);
      fields.push([name, { value }]);
    }
  }
  return JSON.stringify({ model: given.model, fields });
}

/** Returns the input as JSON text. Its media go to the payload. */
export async function encodeInput(
  given: Input,
  payload: MediaPayload,
  signal: AbortSignal | undefined,
): Promise<string> {
  const plain = encodePlainInput(given);
  if (plain !== undefined) {
    return plain;
  }
  const { model, parameters } = partsOf(given);
  Object.values(parameters).forEach(suppressUnhandledError);
  const fields: [string, FieldData][] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (isMedia(value)) {
      fields.push([name, { media: await payload.add(name, value, signal) }]);
    } else if (value !== undefined) {
      checkJson(name, value);
      fields.push([name, { value }]);
    }
  }
  return JSON.stringify({ model, fields });
}

/** Returns the model and the parameters of an input. */
export function partsOf(given: Input): AnyInput {
  const all = parametersOf(given);
  if (given instanceof AnyInput) {
    return given;
  }
  const { model, ...parameters } = all;
  return { model: model as string, parameters };
}

/**
 * Checks an input and returns its parameters; those of a typed one are the input itself, with its
 * `model`: a copy without it would take longer than the rest of what many runs do with an input.
 */
function parametersOf(given: Input): Parameters {
  if (typeof given !== 'object' || given === null) {
    const message = `\`input\` must be an object with a \`model\`, or a model id, got ${show(given)}.`;
    throw makeError('invalid_input', message);
  }
  const { model } = given;
  if (typeof model !== 'string') {
    throw makeError('invalid_input', `\`model\` must be the id of a model, got ${show(model)}.`);
  }
  const parameters =
    given instanceof AnyInput ? given.parameters : (given as unknown as Parameters);
  if (typeof parameters !== 'object' || parameters === null) {
    throw makeError('invalid_input', `\`parameters\` must be an object, got ${show(parameters)}.`);
  }
  return parameters;
}

/** Returns the record of a submit. Throws an {@link InputError} that names the field that is invalid. */
export function encodeRecord(record: SubmitRecord): SubmitRecord {
  if (!isPlainObject(record)) {
    const message = `\`record\` must be an object {model, input, sentAt}, got ${show(record)}.`;
    throw makeError('invalid_input', message);
  }
  const what = 'a field of `record`';
  encodeFields(record, SUBMIT_RECORD_DATA_RULES, what, 'invalid_input', 'record.');
  checkJson('record.input', record.input);
  return record;
}

/** Throws an {@link InputError} if a parameter is not JSON. */
export function checkJson(name: string, value: unknown, within: readonly unknown[] = []): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return;
    case 'number':
      if (Number.isFinite(value)) return;
      break;
    case 'object':
      if (value === null || typeof (value as { toJSON?: unknown }).toJSON === 'function') {
        return;
      }
      if (within.includes(value)) {
        throw makeError('invalid_input', `\`${name}\` must be JSON, but it contains itself.`);
      }
      if (Array.isArray(value) || isPlainObject(value)) {
        for (const [key, one] of Object.entries(value)) {
          const place = Array.isArray(value) ? `${name}[${key}]` : `${name}.${key}`;
          if (isMedia(one) && !(one instanceof URL)) {
            const message =
              `\`${place}\` is media, which the client uploads only as a parameter of its own. ` +
              'Pass the URL that `client.upload` returns.';
            throw makeError('invalid_input', message);
          }
          checkJson(place, one, [...within, value]);
        }
        return;
      }
      break;
  }
  throw makeError('invalid_input', `\`${name}\` must be JSON or media, got ${show(value)}.`);
}

/** Returns the input and the options of both call shapes. */
export function normalizeArgs<O extends object>(
  first: unknown,
  [second, third]: readonly unknown[],
): [Input, O] {
  if (typeof first !== 'string') {
    return [first as Input, (second ?? {}) as O];
  }
  if (second !== undefined && !isPlainObject(second)) {
    const message = `\`parameters\` must be an object with the model's parameters, got ${show(second)}.`;
    throw makeError('invalid_input', message);
  }
  return [new AnyInput(first, { ...second }), (third ?? {}) as O];
}
