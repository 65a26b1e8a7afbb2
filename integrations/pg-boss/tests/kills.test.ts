// What one clip costs if a worker dies or a response is lost: the recipe beside a plain POST.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import PgBoss from 'pg-boss';
import type { Fault, World } from 'viseme-mock';

import { Programs, until, type Program } from '../../support/programs.ts';
import {
  charges,
  createWorld,
  NO_ANSWER,
  SAMPLES,
  SOON,
  stopServer,
} from '../../support/service.ts';
import { Postgres } from './postgres.ts';

after(stopServer);

const WORKERS = { recipe: '../worker.js', naive: 'naive.js' };

/** Tests the recipe, and beside it the plain POST. */
function both(
  what: string,
  fault: Fault,
  expireInSeconds: number,
  run: (start: () => Promise<Program>, world: World) => Promise<void>,
): void {
  for (const [name, file] of Object.entries(WORKERS)) {
    test(`${name}: ${what}`, async () => {
      const world = await createWorld({ ...SOON, faults: [fault] });
      await using programs = await Programs.create();
      await using postgres = await Postgres.start(programs);
      const path = join(programs.folder, 'clip-1.mp4');
      const [audio, video] = [join(SAMPLES, 'voice.mp3'), join(SAMPLES, 'face.mp4')];
      const boss = new PgBoss({ connectionString: postgres.url, maintenanceIntervalSeconds: 1 });
      boss.on('error', console.error);
      await boss.start();
      try {
        await boss.createQueue('clips');
        const retries = { retryLimit: 50, retryDelay: 1, expireInSeconds };
        const job = await boss.send('clips', { id: 'clip-1', audio, video, path }, retries);
        const start = async () =>
          await programs.start(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
            DATABASE_URL: postgres.url,
            WAVESPEED_BASE_URL: world.baseUrl,
            WAVESPEED_API_KEY: world.key,
          });
        await run(start, world);
        const state = async () => (await boss.getJobById('clips', job!))?.state;
        await until(async () => (await state()) === 'completed', 'the job is completed');
      } finally {
        await boss.stop({ graceful: false, wait: true });
      }
      if (name === 'naive') {
        // On a slow machine, a further attempt may expire.
        assert.ok((await charges(world)) >= 2, `charges: ${await charges(world)}`);
      } else {
        assert.equal(await charges(world), 1);
        assert.ok((await stat(path)).size > 0);
      }
      await world.remove();
    });
  }
}

both('a worker is killed after the POST', NO_ANSWER, 5, async (start, world) => {
  const worker = await start();
  await until(async () => await charges(world), 'the POST is accepted');
  await worker.kill();
  await start();
});

const lost = { at: 'submit', nth: 1, when: 'after_accept', do: 'reset' } satisfies Fault;
both('the response of an accepted POST is lost', lost, 120, async (start) => {
  await start();
});
