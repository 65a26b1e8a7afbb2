import { call, type CallOptions } from './call';
import { Client } from './client';
import { pack, type Input, type ParametersOf } from './inputs';
import { Luggage } from './media';
import { native } from './native';
import type { RunOptions } from './options';
import type { Prediction } from './prediction';
import type { Report } from './report';

let standard: Client | undefined;

/** Runs an input with a client of the environment alone, made on the first call. */
export function run(input: Input, options?: RunOptions): Promise<Prediction>;
/** The same with the model's id first, as the official package has it. */
export function run<const M extends string>(
  model: M,
  parameters: ParametersOf<M>,
  options?: RunOptions,
): Promise<Prediction>;
export async function run(
  first: Input | string,
  second?: object,
  third?: RunOptions,
): Promise<Prediction> {
  standard ??= new Client();
  return typeof first === 'string'
    ? await standard.run(first, { ...second }, third)
    : await standard.run(first, second);
}

/**
 * Checks an input against the rules of its model, without a client, a key or the network. Media
 * behind a URL are not read; `client.check` does that.
 */
export async function check(input: Input, options: CallOptions = {}): Promise<Report> {
  const luggage = new Luggage();
  try {
    const packed = await pack(input, luggage, options.signal);
    const begin = () => native.checkInput(packed, luggage.contents);
    return await call<Report>(undefined, options, begin);
  } finally {
    await luggage.unpack();
  }
}
