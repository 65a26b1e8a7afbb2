// Compiled, not run: what the types allow and what they reject.
import {
  Client,
  input,
  InputError,
  Media,
  VisemeError,
  WaitTimeoutError,
  type ErrorCode,
  type Input,
  type Prediction,
  type RunOptions,
  type RunResult,
  type Status,
} from 'viseme';

export async function allowed(client: Client): Promise<void> {
  const model = 'kwaivgi/kling-lipsync/audio-to-video';
  const signal = AbortSignal.timeout(1);
  const one: Prediction = await client.run({ model, audio: 'a', video: new Blob() }, { signal });
  const url: string | undefined = one.outputUrl;
  await client.run(model, { audio: new URL('https://a.example'), video: Buffer.from('') });
  await client.run(model, { audio: 'a', video: 'v' }, { onUpdate: ({ id }) => id, signal });
  await client.run('any/model', { anything: [1], image: Media.path(url ?? 'x') });
  const inputs: Input[] = [
    { model: 'kwaivgi/kling-lipsync/text-to-video', video: 'v', text: 't', voice_id: 'a new one' },
    { model: 'kwaivgi/kling-effects', effect_scene: 'jelly_press', image: new Uint8Array() },
    input('any/model', { seed: 1 }),
  ];
  for await (const result of client.runMany(inputs, { limit: 2 })) {
    const known: RunResult = result;
    if (known.ok) {
      const status: Status = known.prediction.status;
      console.log(status, known.prediction.isTerminal);
      if (status === 'completed') client.setApiKey('another');
    } else {
      const code: ErrorCode = known.error.code;
      console.log(code, known.error instanceof InputError && known.error.violations[0]?.field);
    }
  }
  await client.run(inputs[0]!, {
    onProgress: (progress) => {
      if (progress.event === 'uploading') console.log(progress.sent / progress.total);
      if (progress.event === 'update') console.log(progress.prediction.outputUrl);
      if (progress.event === 'retrying') console.log(progress.error.code, progress.afterMs);
    },
    onUpdate: ({ id }, index) => console.log(id, index ?? 0),
  });
  await client.submit(inputs[0]!, { key: 'row-17', retryFailed: true });
  for (const { key, state, record } of await client.ledger.submits({ state: 'sent' })) {
    if (state === 'sent') await client.ledger.adopt(key, record.model);
  }
  try {
    await client.job('x').wait();
  } catch (error) {
    if (error instanceof WaitTimeoutError) await client.job(error.jobId).wait();
    if (error instanceof VisemeError) console.log(error.jobId?.length);
  }
}

export async function rejected(client: Client): Promise<void> {
  const model = 'kwaivgi/kling-lipsync/audio-to-video';
  // @ts-expect-error a parameter is missing
  await client.run({ model, audio: 'a' });
  // @ts-expect-error a parameter that the model does not have
  await client.run({ model, audio: 'a', video: 'v', voice_id: 'x' });
  // @ts-expect-error the same in the other shape
  await client.run(model, { audio: 'a', video: 'v', text: 'x' });
  // @ts-expect-error no option of ours
  await client.run({ model, audio: 'a', video: 'v' }, { timeout: 1 });
  // @ts-expect-error media are not numbers
  await client.upload(1);
  // @ts-expect-error no option of a submit
  await client.submit({ model, audio: 'a', video: 'v' }, { timeoutMs: 1 });
  const keyed: RunOptions = { key: 'row-17' };
  // @ts-expect-error a key belongs to one input
  client.runMany([], keyed);
  // @ts-expect-error no state of a submit
  await client.ledger.submits({ state: 'open' });
  // @ts-expect-error no setting of a client
  new Client({ timeout: 3 });
  // @ts-expect-error users do not create errors
  new VisemeError({});
}
