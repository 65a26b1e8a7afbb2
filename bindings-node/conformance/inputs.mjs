// Builds the client's inputs.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { input, Media } from 'viseme';

const TYPED = [
  'kwaivgi/kling-lipsync/audio-to-video',
  'kwaivgi/kling-lipsync/text-to-video',
  'kwaivgi/kling-effects',
];

/** Returns the input that a message describes, typed if the model has a typed input. */
export async function inputOf({ model, media = {}, params = {}, untyped }) {
  const all = { ...params };
  for (const [name, medium] of Object.entries(media)) {
    all[name] = await mediumOf(medium);
  }
  return TYPED.includes(model) && !untyped ? { model, ...all } : input(model, all);
}

/** Returns the medium that a message describes. */
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
  // An invalid URL goes to the client as text; the client rejects it.
  return URL.canParse(url) ? new URL(url) : url;
}
