/** A Redis server, the workers of one test, and the client that sends them clips. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stat } from 'node:fs/promises';
import { FlowProducer, Queue, type FlowParentJob, type Job, type JobsOptions } from 'bullmq';
import type { Scenario, World } from 'viseme-mock';

import { freePort, Programs, until, type Program } from '../../support/programs.ts';
import { assertChargedOnce, charges, createWorld } from '../../support/service.ts';
import { lipSync, type Clip } from '../clips.ts';

export type Recipe = 'clips' | 'naive';
const RETRIES = { attempts: 12, backoff: 500 };
const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));

/** Starts a Redis server that keeps nothing on disk. Returns its URL. */
async function startRedis(programs: Programs): Promise<string> {
  // Another program may take the port first.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await freePort();
    const words = ['--bind', '127.0.0.1', '--port', String(port), '--save', ''];
    const server = await programs.start('redis-server', [...words, '--appendonly', 'no']);
    const ready = () => server.hasEnded || server.output.includes('Ready to accept connections');
    await until(ready, 'Redis starts');
    if (!server.hasEnded) return `redis://127.0.0.1:${port}`;
  }
  throw new Error('Redis does not start');
}

export class Pipeline implements AsyncDisposable {
  readonly world: World;
  readonly redisUrl: string;
  readonly programs: Programs;
  readonly flows: FlowProducer;
  readonly #naive: Queue<Clip, string>;

  private constructor(world: World, programs: Programs, redisUrl: string) {
    const connection = { url: redisUrl };
    this.world = world;
    this.programs = programs;
    this.redisUrl = redisUrl;
    this.flows = new FlowProducer({ connection });
    this.#naive = new Queue('naive', { connection });
  }

  static async create(scenario: Scenario): Promise<Pipeline> {
    const programs = await Programs.create();
    const world = await createWorld(scenario);
    return new Pipeline(world, programs, await startRedis(programs));
  }

  get ledger(): string {
    return join(this.programs.folder, 'ledger.db');
  }

  get environment(): Record<string, string> {
    return {
      CLIPS_REDIS: this.redisUrl,
      CLIPS_LEDGER: this.ledger,
      WAVESPEED_BASE_URL: this.world.baseUrl,
      WAVESPEED_API_KEY: this.world.key,
    };
  }

  async startWorker(
    recipe: Recipe,
    { concurrency = 1, environment = {} as object } = {},
  ): Promise<Program> {
    const words = [WORKER, recipe, String(concurrency)];
    return await this.programs.start(process.execPath, words, {
      ...this.environment,
      ...environment,
    });
  }

  clip(id = 'clip-1'): Clip {
    return {
      id,
      audio: `https://media.example/${id}.mp3`,
      video: 'https://media.example/face.mp4',
      path: join(this.programs.folder, `${id}.mp4`),
    };
  }

  /** Sends one clip to the workers. Returns its last step. */
  async send(recipe: Recipe, clip = this.clip()): Promise<Job> {
    if (recipe === 'naive') return await this.#naive.add('lip-sync', clip, RETRIES);
    return (await this.flows.add(this.steps(RETRIES, clip))).job;
  }

  /** The steps of a clip, with the short delays of tests. */
  steps(retries: JobsOptions, clip = this.clip()): FlowParentJob {
    const flow = lipSync(clip);
    const children = flow.children.map((step) => ({ ...step, opts: { ...step.opts, ...retries } }));
    return { ...flow, opts: { ...flow.opts, ...retries }, children } as FlowParentJob;
  }

  async charges(): Promise<number> {
    return await charges(this.world);
  }

  /** Fails unless the clip is done, with this many charges. */
  async assertDone(job: Job, recipe: Recipe, expected: number): Promise<void> {
    assert.equal(await finalState(job), 'completed');
    assert.ok((await stat(this.clip().path)).size > 0);
    if (recipe === 'naive') {
      // On a slow machine, a lock may expire once more.
      assert.ok((await this.charges()) >= expected, `charges: ${await this.charges()}`);
    } else {
      assert.equal(expected, 1);
      await assertChargedOnce(this.world, [this.clip().audio]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flows.close();
    await this.#naive.close();
    await this.programs[Symbol.asyncDispose]();
    await this.world.remove();
  }
}

/** Returns `completed` or `failed`, once the job has ended. */
export async function finalState(job: Job): Promise<string> {
  return await until(async () => {
    const state = await job.getState();
    return state === 'completed' || state === 'failed' ? state : undefined;
  }, 'the job ends');
}
