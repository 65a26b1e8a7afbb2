import { refused } from './errors';
import { expectFailure, isMedium, Luggage, type MediaSource, type MediumData } from './media';
import { native } from './native';

/** Moves the lips of a video to a voice track. */
export interface AudioToVideo {
  /** The voice: MP3, WAV, M4A or AAC, at most 5 MB; 2 to 60 seconds as third parties say. */
  audio: MediaSource;
  /** The face: MP4 or MOV, at most 100 MB, 2 to 10 seconds, 720p or 1080p. */
  video: MediaSource;
}

/** Speaks a text and moves the lips of a video to it. */
export interface TextToVideo {
  /** The face: MP4 or MOV, at most 100 MB, 2 to 60 seconds, sides of 720 to 1920 pixels. */
  video: MediaSource;
  /** What shall be said: at most 120 characters. */
  text: string;
  /** Who says it. Default `genshin_klee2`. A voice that is not listed is reported, not refused. */
  voice_id?: VoiceId;
  /** The voice's language. Default: the service's choice. */
  voice_language?: 'zh' | 'en' | (string & {});
  /** How fast it is said, from 0.8 to 2.0 in steps of 0.1. Default 1. */
  voice_speed?: number;
}

/** Plays an effect on a picture; gives a video of five seconds. */
export interface KlingEffects {
  /** The effect, such as `jelly_press`. One that is not known here is reported, not refused. */
  effect_scene: string;
  /** The picture: at most 10 MB, sides of 300 pixels or more, between 1:2.5 and 2.5:1. */
  image: MediaSource;
}

/** The voices that are known. */
export type VoiceId =
  | 'genshin_vindi2'
  | 'zhinen_xuesheng'
  | 'AOT'
  | 'ai_shatang'
  | 'genshin_klee2'
  | 'genshin_kirara'
  | 'ai_kaiya'
  | 'oversea_male1'
  | 'ai_chenjiahao_712'
  | 'girlfriend_4_speech02'
  | 'chat1_female_new-3'
  | 'chat_0407_5-1'
  | 'cartoon-boy-07'
  | 'uk_boy1'
  | 'cartoon-girl-01'
  | 'PeppaPig_platform'
  | 'ai_huangzhong_712'
  | 'ai_huangyaoshi_712'
  | 'ai_laoguowang_712'
  | 'chengshu_jiejie'
  | 'you_pingjing'
  | 'calm_story1'
  | 'uk_man2'
  | 'laopopo_speech02'
  | 'heainainai_speech02'
  | (string & {});

/** The models with typed inputs, by their ids. Parameters have the names of the service. */
export interface Models {
  'kwaivgi/kling-lipsync/audio-to-video': AudioToVideo;
  'kwaivgi/kling-lipsync/text-to-video': TextToVideo;
  'kwaivgi/kling-effects': KlingEffects;
}

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

/** The media parameters of the models that are known. */
const MEDIA = new Map(
  (JSON.parse(native.knownModels()) as KnownModel[]).map(({ id, fields }) => [
    id,
    new Set(fields.filter((field) => field.media).map((field) => field.name)),
  ]),
);

interface KnownModel {
  id: string;
  fields: { name: string; required: boolean; media: boolean; words: string[] }[];
}

type FieldData = { json: unknown } | { media: MediumData };

/** The input as JSON text; `undefined` where something has to be read or to travel beside it. */
export function packPlain(given: Input): string | undefined {
  const { model, parameters } = parts(given);
  const media = MEDIA.get(model);
  const fields: [string, FieldData][] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string') {
      fields.push([name, media?.has(name) ? { media: { text: value } } : { json: value }]);
    } else if (typeof value === 'number' || typeof value === 'boolean') {
      fields.push([name, { json: value }]);
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
  const media = MEDIA.get(model);
  for (const value of Object.values(parameters)) {
    if (typeof value === 'object') expectFailure(value);
  }
  const fields: [string, FieldData][] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) {
      continue;
    }
    const isMedia = typeof value === 'string' ? media?.has(name) === true : isMedium(value);
    if (isMedia) {
      fields.push([name, { media: await luggage.pack(value as MediaSource, signal) }]);
    } else {
      refuseMediaWithin(name, value);
      fields.push([name, { json: value }]);
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
