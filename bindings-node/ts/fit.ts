import { fileURLToPath } from 'node:url';

import { makeError } from './errors';
import {
  FIT_OPTIONS_RULES,
  type FitOptions as EncodedOptions,
  type FitResult as FitData,
  type FittedFile,
} from './generated/dto';
import { AnyInput, partsOf, type Input } from './inputs';
import { Media } from './media';
import type { CallOptions } from './options';
import { encode, encodeOptions } from './serialize';

/** Options of `fit`. */
export interface FitOptions extends EncodedOptions, CallOptions {
  /** The folder for the new files. It is created if it does not exist. Only a dry run needs none. */
  out?: string | URL | undefined;
}

/** What a fit did, or would do. */
export interface FitResult {
  /** The input with the new files. */
  readonly input: AnyInput;
  /** The files of the input, each with what was done with it. */
  readonly files: readonly FittedFile[];
}

/** Returns the request of a fit, without its input. */
export function encodeFit({ out, ...options }: FitOptions): object {
  const encoded = encodeOptions('fit', options, FIT_OPTIONS_RULES);
  const folder = out === undefined ? undefined : encodePath('out', out);
  return { op: 'fit', out: folder, options: encoded, fallbackFfmpeg: packagedFfmpeg() };
}

/** Throws an {@link InputError} if an input has a stream: it could not be sent after the fit. */
export function requireNoStreams(given: Input): void {
  for (const [name, value] of Object.entries(partsOf(given).parameters)) {
    const source: unknown = value instanceof Media ? value.source : value;
    if (typeof source === 'object' && source !== null && Symbol.asyncIterator in source) {
      const message = `\`${name}\` is a stream, which can be read only once. Save it to a file first.`;
      throw makeError('invalid_input', message);
    }
  }
}

/** Returns the result of a fit, with the input of the new files. */
export function decodeFit(given: Input, { files }: FitData): FitResult {
  const { model, parameters } = partsOf(given);
  const fitted = { ...parameters };
  for (const { field, path } of files) {
    if (path !== undefined) {
      fitted[field] = Media.path(path);
    }
  }
  return { input: new AnyInput(model, fitted), files };
}

/** Returns the program of the optional package `ffmpeg-static`, or `undefined` without it. */
export function packagedFfmpeg(name = 'ffmpeg-static'): string | undefined {
  try {
    const program: unknown = require(name);
    return typeof program === 'string' ? program : undefined;
  } catch {
    return undefined;
  }
}

/** Encodes a path or a `file:` URL. */
export function encodePath(name: string, value: unknown): string {
  const path = value instanceof URL && value.protocol === 'file:' ? fileURLToPath(value) : value;
  return encode(name, path, { kind: 'text' }, 'invalid_input') as string;
}
