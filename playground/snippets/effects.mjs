import { Client } from 'viseme'; // the key is in WAVESPEED_API_KEY

const prediction = await new Client().run({
  model: 'kwaivgi/kling-effects',
  effect_scene: 'let\'s_ride',
  image: 'face.jpg',
});
await prediction.output.save('result.mp4');
