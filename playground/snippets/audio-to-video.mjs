import { Client } from 'viseme'; // the key is in WAVESPEED_API_KEY

const prediction = await new Client().run({
  model: 'kwaivgi/kling-lipsync/audio-to-video',
  audio: 'voice.mp3',
  video: 'face.mp4',
});
await prediction.output.save('result.mp4');
