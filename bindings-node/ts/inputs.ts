import { refused } from './errors';
import type { Models } from './generated/models';
import { expectFailure, isMedium, Luggage, type MediumData } from './media';

/** The parameters of the model with that id; of an unknown model, anything. */
export type ParametersOf<M extends string> = M extends keyof Models ? Models[M] : Parameters;

/** The parameters of any model: JSON, and media, which are uploaded. Text is taken as it is. */
export type Parameters = { [name: string]: unknown };

/** An input of a model with typed inputs, told apart by `model`. */
export type TypedInput = { [M in keyof Models]: { model: M } & Models[M] }[keyof Models];

/** An input: a typed one, or one of any model, made by {@link input}. */
export type Input = TypedInput | AnyInput;

/** A model and its parameters. */
export class AnyInput {
  /** The model's id. */
  readonly model: string;
  /** Its parameters. */
  readonly parameters: Parameters;

  /** @internal */
  constructor(model: string, parameters: Parameters) {
    this.model = model;
    this.parameters = parameters;
  }
}

/**
 * An input of any model: `input('wavespeed-ai/infinitetalk', { image: Media.path('face.png') })`.
 * Text stands for itself there: for a file, pass `Media.path`, for a URL that shall be judged, a
 * `URL`.
 */
export function input<const M extends string>(model: M, parameters: ParametersOf<M>): AnyInput {
  return new AnyInput(model, parameters as Parameters);
}

type FieldData = { value: unknown } | { media: MediumData };

/** The input as JSON text; `undefined` where something has to be read or to travel beside it. */
export function packPlain(given: Input): string | undefined {
  const { model, parameters } = parts(given);
  const fields: [string, FieldData][] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      fields.push([name, { value }]);
    } else if (value !== undefined) {
      return undefined;
    }
  }
  return JSON.stringify({ model, fields });
}

/** The input as JSON text; what has to travel beside it is put into the luggage. */
export async function pack(
  given: Input,
  luggage: Luggage,
  signal?: AbortSignal | undefined,
): Promise<string> {
  const plain = packPlain(given);
  if (plain !== undefined) {
    return plain;
  }
  const { model, parameters } = parts(given);
  for (const value of Object.values(parameters)) {
    if (typeof value === 'object') expectFailure(value);
  }
  const fields: [string, FieldData][] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) {
      continue;
    }
    if (isMedium(value)) {
      fields.push([name, { media: await luggage.pack(value, signal) }]);
    } else {
      refuseMediaWithin(name, value);
      fields.push([name, { value }]);
    }
  }
  return JSON.stringify({ model, fields });
}

function parts(given: Input): AnyInput {
  if (given instanceof AnyInput) {
    return given;
  }
  const { model, ...parameters } = given;
  if (typeof model !== 'string') {
    throw refused('invalid_input', 'The input has no `model`. Pass the id of a model.');
  }
  return { model, parameters };
}

function refuseMediaWithin(name: string, value: unknown): void {
  if (Array.isArray(value) && value.some((one) => isMedium(one) && !(one instanceof URL))) {
    const message =
      `${name}: media in a list are not uploaded by themselves. Pass the URLs that ` +
      '`client.upload` gives.';
    throw refused('invalid_input', message);
  }
}
