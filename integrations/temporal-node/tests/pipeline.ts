/** A Temporal server, the workers of one test, and the client that starts workflows. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Client as TemporalClient,
  Connection,
  WorkflowFailedError,
  type WorkflowHandle,
  type WorkflowStartOptions,
} from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import type { Job, JobResult, Timing } from '@viseme/temporal';
import type { ClientSettings } from 'viseme';
import type { Scenario, World } from 'viseme-mock';

import { freePort, Programs, until, type Program } from '../../support/programs.ts';
import { charges, createWorld } from '../../support/service.ts';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const TEMPORAL =
  process.env['VISEME_TEMPORAL_PROGRAM'] ?? resolve('../target/tools/temporal/bin/temporal');

export const MODEL = 'kwaivgi/kling-lipsync/audio-to-video';

/** Short times, so that a dead worker is noticed soon. */
export const QUICK = {
  heartbeatTimeoutMs: 5000,
  retryIntervalMs: 300,
  recoverPausesMs: [2000],
} satisfies Timing;

/** A development server that keeps its state in a file. */
export class Server implements AsyncDisposable {
  readonly programs: Programs;
  port = 0;
  readonly bundle: string;
  program!: Program;
  client!: TemporalClient;

  private constructor(programs: Programs, bundle: string) {
    this.programs = programs;
    this.bundle = bundle;
  }

  static async start(): Promise<Server> {
    const programs = await Programs.create();
    const logger = new DefaultLogger('WARN');
    Runtime.install({ logger });
    const { code } = await bundleWorkflowCode({ workflowsPath: here('workflows.js'), logger });
    const bundle = join(programs.folder, 'workflows.cjs');
    await writeFile(bundle, code);
    const server = new Server(programs, bundle);
    // Another program may take a port first.
    for (let attempt = 0; attempt < 5 && !(await server.#run(await freePort())); attempt += 1);
    assert.ok(!server.program.hasEnded, server.program.output);
    server.client = new TemporalClient({
      identity: 'test',
      connection: await Connection.connect({ address: server.address }),
    });
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts the server again, on its file. */
  async restart(): Promise<void> {
    assert.ok(await this.#run(this.port), this.program.output);
  }

  /** Starts the program. Returns whether it runs. */
  async #run(port: number): Promise<boolean> {
    this.port = port;
    const file = join(this.programs.folder, 'temporal.db');
    const words = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--db-filename', file];
    // Without a port of its own, the HTTP API may take the one of the server.
    const ports = ['--port', String(port), '--http-port', String(await freePort())];
    this.program = await this.programs.start(TEMPORAL, [
      ...words,
      ...ports,
      '--log-level',
      'error',
    ]);
    await until(async () => this.program.hasEnded || (await this.#answers()), 'Temporal starts');
    return !this.program.hasEnded;
  }

  async #answers(): Promise<boolean> {
    try {
      const options = { address: this.address, connectTimeout: '1 s' } as const;
      const connection = await Connection.connect(options);
      try {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
        return true;
      } finally {
        await connection.close();
      }
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.connection.close();
    await this.programs[Symbol.asyncDispose]();
  }
}

let tests = 0;

/** One test: a world of the mock server, a task queue and its workers. */
export class Pipeline implements AsyncDisposable {
  readonly server: Server;
  readonly world: World;
  readonly taskQueue: string;
  readonly programs: Programs;

  private constructor(server: Server, world: World, programs: Programs) {
    this.server = server;
    this.world = world;
    this.programs = programs;
    tests += 1;
    this.taskQueue = `test-${process.pid}-${tests}`;
  }

  static async create(server: Server, scenario: Scenario): Promise<Pipeline> {
    return new Pipeline(server, await createWorld(scenario), await Programs.create());
  }

  async startWorker(settings: ClientSettings = {}): Promise<Program> {
    return await this.programs.start(process.execPath, [here('worker.js')], {
      TEMPORAL_ADDRESS: this.server.address,
      TASK_QUEUE: this.taskQueue,
      WORKFLOW_BUNDLE: this.server.bundle,
      CLIENT_SETTINGS: JSON.stringify(settings),
      WAVESPEED_BASE_URL: this.world.baseUrl,
      WAVESPEED_API_KEY: this.world.key,
    });
  }

  media(id = 'clip-1') {
    return { audio: audioOf(id), video: 'https://media.example/face.mp4' };
  }

  /** Starts the workflow of a clip. */
  async start(
    id = 'clip-1',
    { timing, ...more }: Partial<Job> = {},
    options: Partial<WorkflowStartOptions> = {},
  ) {
    return await this.server.client.workflow.start<(job: Job) => Promise<JobResult>>('visemeJob', {
      ...options,
      workflowId: `${this.taskQueue}/${id}`,
      taskQueue: this.taskQueue,
      args: [{ model: MODEL, media: this.media(id), timing: { ...QUICK, ...timing }, ...more }],
    });
  }

  async startNaive(id = 'clip-1') {
    return await this.server.client.workflow.start('naive', {
      workflowId: `${this.taskQueue}/${id}`,
      taskQueue: this.taskQueue,
      args: [this.media(id)],
    });
  }

  async charges(): Promise<number> {
    return await charges(this.world);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.programs[Symbol.asyncDispose]();
    await this.world.remove();
  }
}

export function audioOf(id: string): string {
  return `https://media.example/${id}.mp3`;
}

/** Returns the failure of a workflow. Throws if it succeeds. */
export async function failureOf(workflow: {
  result(): Promise<unknown>;
}): Promise<ApplicationFailure> {
  try {
    await workflow.result();
  } catch (error) {
    assert.ok(error instanceof WorkflowFailedError, String(error));
    return error.cause as ApplicationFailure;
  }
  throw new Error('the workflow has not failed');
}

/** Returns the history of a workflow as text, with the payloads in plain. */
export async function historyText(workflow: WorkflowHandle): Promise<string> {
  const history = await workflow.fetchHistory();
  return JSON.stringify(history, (_, value: unknown) => {
    const bytes = value as { type?: string; data?: number[] } | null;
    const isBytes = bytes?.type === 'Buffer' && Array.isArray(bytes.data);
    return isBytes ? Buffer.from(bytes.data!).toString() : value;
  });
}
