import { Client } from 'viseme'; // the key is in WAVESPEED_API_KEY

const client = new Client();
const prediction = await client.run({
  model: 'kwaivgi/kling-effects',
  effect_scene: 'let\'s_ride',
  image: 'face.jpg',
});
await client.downloadOutput(prediction, 'result.mp4');
