// Inputs as the client takes them.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { input, Media } from 'viseme';

const TYPED = [
  'kwaivgi/kling-lipsync/audio-to-video',
  'kwaivgi/kling-lipsync/text-to-video',
  'kwaivgi/kling-effects',
];

/** The input that a message describes: a typed one where there is one. */
export async function inputOf({ model, media = {}, params = {}, untyped }) {
  const all = { ...params };
  for (const [name, medium] of Object.entries(media)) {
    all[name] = await mediumOf(medium);
  }
  return TYPED.includes(model) && !untyped ? { model, ...all } : input(model, all);
}

/** A medium as the message hands it over. */
export async function mediumOf({ path, bytes, stream, url, name }) {
  if (path !== undefined) {
    return Media.path(path);
  }
  if (bytes !== undefined) {
    return Media.bytes(await readFile(bytes), name ?? 'file');
  }
  if (stream !== undefined) {
    return Media.bytes(createReadStream(stream), name ?? 'file');
  }
  // A URL as text may be none at all; that is for the client to say.
  return URL.canParse(url) ? new URL(url) : url;
}
