import { Client } from 'viseme'; // the key is in WAVESPEED_API_KEY

const client = new Client();
const prediction = await client.run({
  model: 'kwaivgi/kling-lipsync/audio-to-video',
  audio: 'voice.mp3',
  video: 'face.mp4',
});
await client.downloadOutput(prediction, 'result.mp4');
