/** The mock server in place of the service, and what a test asks it. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { MockServer, type Scenario, type World } from 'viseme-mock';

/** The folder of the sample media, such as `voice.mp3` and `face.mp4`. */
export const SAMPLES = process.env['VISEME_SAMPLES'] ?? resolve('..', 'samples');

/** Jobs that end soon. */
export const SOON = {
  jobs: [{ timeline: [{ processing: '0s' }, { completed: '300ms' }] }],
} satisfies Scenario;

/** The first job takes longer. */
export const LATER = {
  jobs: [
    { match: { nth: 1 }, timeline: [{ processing: '0s' }, { completed: '4s' }] },
    ...SOON.jobs,
  ],
} satisfies Scenario;

/** The first submit is accepted, but its response never comes. */
export const NO_ANSWER = { at: 'submit', nth: 1, when: 'after_accept', do: 'silence' } as const;

let server: Promise<MockServer> | undefined;

/** Creates a world on this file's mock server. */
export async function createWorld(scenario: Scenario): Promise<World> {
  server ??= MockServer.start({ binary: process.env['VISEME_MOCK_PROGRAM'] });
  return await (await server).makeWorld({ scenario });
}

/** Stops the mock server, at the end of a file. */
export async function stopServer(): Promise<void> {
  await (await server)?.stop();
}

export async function charges(world: World): Promise<number> {
  return (await world.ledger()).charges.length;
}

/** How many requests of a kind there were, such as `submit` or `poll`. */
export async function requests(world: World, kind: string): Promise<number> {
  return (await world.journal()).filter((exchange) => exchange['kind'] === kind).length;
}

/** Fails unless each of these voices was charged for once, and nothing else. */
export async function assertChargedOnce(world: World, voices: string[]): Promise<void> {
  const inputs = (await world.jobs()).map((job) => job['input'] as { audio: string });
  assert.deepEqual(inputs.map(({ audio }) => audio).sort(), [...voices].sort());
  const { charges, orphaned, duplicates } = await world.ledger();
  assert.deepEqual([charges.length, orphaned, duplicates], [voices.length, 0, 0]);
}
