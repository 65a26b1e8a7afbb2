// What the code of the documents leaves to its reader. A block that declares one of these names itself
// hides it.
import express from 'express';
import * as viseme from 'viseme';

const { WAVESPEED_API_KEY: key, WAVESPEED_BASE_URL: baseUrl } = process.env;
const [audio, video] = ['voice.mp3', 'face.mp4'];

Object.assign(globalThis, {
  Client: viseme.Client,
  Media: viseme.Media,
  expressWebhook: viseme.expressWebhook,
  express,
  app: express(),
  client: new viseme.Client({ pacing: { intervalMs: 100 } }),
  input: { model: 'kwaivgi/kling-lipsync/audio-to-video', audio, video },
  audio,
  video,
  key,
  baseUrl,
});
