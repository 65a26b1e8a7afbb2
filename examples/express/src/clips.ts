/** Submits clips and waits for them. The ledger knows what was paid for. */
import { AbortError, type Client, type Job, Media } from 'viseme';

/** A clip to make. */
export interface Clip {
  id: string;
  audio: string;
  video: string;
}

/** The state of a clip. */
export interface ClipState {
  id: string;
  jobId: string;
  status: string;
  output: string | undefined;
  error: string | undefined;
}

const model = 'kwaivgi/kling-lipsync/audio-to-video';

/** Checks the body of a request. Media are URLs: other text would be a file of this server. */
export function parseClip(body: unknown): Clip | undefined {
  const { id, audio, video } = (body ?? {}) as Record<string, unknown>;
  const isUrl = (value: unknown): value is string =>
    typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  return typeof id === 'string' && id !== '' && isUrl(audio) && isUrl(video)
    ? { id, audio, video }
    : undefined;
}

export class Clips {
  readonly #client: Client;
  readonly #webhook: string | undefined;
  readonly #submits = new Set<Promise<string>>();
  readonly #waits = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(client: Client, publicUrl: string | undefined) {
    this.#client = client;
    this.#webhook = publicUrl === undefined ? undefined : `${publicUrl}/hook`;
  }

  /** Waits again for the jobs of an earlier run of this program. */
  async start(): Promise<void> {
    for (const { key, jobId } of await this.#client.ledger.submits({ state: 'accepted' })) {
      if (jobId != null) this.#wait(key, this.#client.job(jobId));
    }
  }

  /** Finishes the submits, which cost money. The next run waits for their jobs. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#submits);
    this.#closing.abort();
    await Promise.allSettled(this.#waits.values());
    this.#client.close();
  }

  /** Submits a clip, also if the caller hangs up. Its id pays for one job at most. */
  async submit(clip: Clip): Promise<string> {
    const submit = this.#submit(clip);
    this.#submits.add(submit);
    try {
      return await submit;
    } finally {
      this.#submits.delete(submit);
    }
  }

  async #submit({ id, audio, video }: Clip): Promise<string> {
    const input = { model, audio: Media.url(audio), video: Media.url(video) } as const;
    const job = await this.#client.submit(input, { key: id, webhook: this.#webhook });
    this.#wait(id, job);
    return job.id;
  }

  #wait(id: string, job: Job): void {
    if (!this.#waits.has(id)) this.#waits.set(id, this.#watch(id, job));
  }

  /** Waits until a job ends. A webhook ends the wait at once; without one, polls do. */
  async #watch(id: string, job: Job): Promise<void> {
    try {
      const prediction = await job.wait({ signal: this.#closing.signal });
      console.log(`clip ${id} is ready: ${prediction.outputUrl}`);
    } catch (error) {
      if (error instanceof AbortError) return;
      console.warn(`clip ${id} has no result: ${(error as Error).message}`);
    }
  }

  /** Returns the state of a clip, or `undefined` if there is none with this id. */
  async state(id: string): Promise<ClipState | undefined> {
    const submits = (await this.#client.ledger.submits()).filter(({ key }) => key === id);
    const jobId = submits.at(-1)?.jobId;
    if (jobId == null) return undefined;
    const { status, outputUrl, error } = await this.#client.job(jobId).refresh();
    return { id, jobId, status, output: outputUrl ?? undefined, error: error ?? undefined };
  }
}
