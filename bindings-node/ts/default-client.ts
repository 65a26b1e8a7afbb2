import { Client } from './client';
import { runOperation } from './core-client';
import type { Report } from './generated/dto';
import {
  encodeInput,
  MediaPayload,
  type Input,
  type InputOrModel,
  type MoreArguments,
} from './inputs';
import { native } from './native';
import type { CallOptions } from './options';
import type { Prediction } from './prediction';
import type { RunOptions } from './progress';
import { encodeOptions } from './serialize';

let client: Client | undefined;

/**
 * Runs an input with a client of the default settings, created on the first call. Its arguments are those
 * of {@link Client.run}.
 */
export async function run<const F>(
  input: InputOrModel<F>,
  ...more: MoreArguments<F, RunOptions>
): Promise<Prediction> {
  client ??= new Client();
  return await client.run<F>(input, ...more);
}

/**
 * Checks an input against the rules of its model without a client, an API key or the network. Media
 * behind a URL are not read; `client.check` reads them.
 */
export async function check(input: Input, options: CallOptions = {}): Promise<Report> {
  encodeOptions('check', options);
  const payload = new MediaPayload();
  try {
    const encoded = await encodeInput(input, payload, options.signal);
    const start = () => native.checkInput(encoded, payload.contents);
    return await runOperation<Report>(undefined, options, start);
  } finally {
    await payload.cleanup();
  }
}
