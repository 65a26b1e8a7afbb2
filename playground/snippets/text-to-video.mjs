import { Client } from 'viseme'; // the key is in WAVESPEED_API_KEY

const client = new Client();
const prediction = await client.run({
  model: 'kwaivgi/kling-lipsync/text-to-video',
  video: 'face.mp4',
  text: 'It\'s "$5", \\o/ — today!',
  voice_id: 'AOT',
  voice_language: 'en',
  voice_speed: 1.2,
});
await client.downloadOutput(prediction, 'result.mp4');
