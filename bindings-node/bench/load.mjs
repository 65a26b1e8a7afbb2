// Measures one client in its own process: many jobs at the same time. Prints the cost as JSON.
// Arguments: the client, how many jobs, the server's URL, the key, and the folder with the packages
// `wavespeed` and `undici`. All poll once a second.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [name, count, url, key, packages] = process.argv.slice(2);
const jobs = Number(count);
const MODEL = 'kwaivgi/kling-lipsync/audio-to-video';
const others = createRequire(join(packages, 'package.json'));

/** Each job has its own input, because the ledger counts equal ones as charged twice. */
const parameters = (number) => ({
  audio: `https://example.com/${number}/voice.mp3`,
  video: `https://example.com/${number}/face.mp4`,
});

/** Returns a job's id and the time when its end was known here, in seconds since 1970. */
const ended = (id) => [id, Date.now() / 1000];

async function viseme() {
  const { Client } = createRequire(import.meta.url)('viseme');
  const client = new Client({
    ignoreEnv: true,
    baseUrl: url,
    apiKey: key,
    // Without jitter, as the others.
    pacing: { intervalMs: 1000, jitter: 0 },
    checkRemoteMedia: false,
    maxPollsPerSecond: 1e6,
  });
  return async () => {
    const outcomes = [];
    const inputs = Array.from({ length: jobs }, (_, n) => ({ model: MODEL, ...parameters(n) }));
    for await (const result of client.runMany(inputs, { limit: jobs })) {
      if (!result.ok) {
        outcomes.push(String(result.error));
        continue;
      }
      outcomes.push(ended(result.prediction.id));
    }
    return outcomes;
  };
}

async function wavespeed() {
  const { Client } = others('wavespeed');
  // It prints errors to the standard output, which is for the result.
  for (const name of ['log', 'warn', 'error']) console[name] = () => {};
  const client = new Client(key, { baseUrl: url });
  return atOnce(async (number) => {
    const { outputs, detail } = await client.runNoThrow(MODEL, parameters(number));
    return outputs ? ended(detail.taskId) : String(detail.error);
  });
}

async function undici() {
  const { Pool } = others('undici');
  const pool = new Pool(url, { connections: 100 });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const ask = async (method, path, body) => {
    const response = await pool.request({ method, path, headers, body });
    const { data } = await response.body.json();
    return data;
  };
  return atOnce(async (number) => {
    const body = JSON.stringify(parameters(number));
    let job = await ask('POST', `/api/v3/${MODEL}`, body);
    while (job.status !== 'completed') {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      job = await ask('GET', `/api/v3/predictions/${job.id}/result`);
    }
    return ended(job.id);
  });
}

const atOnce = (run) => () =>
  Promise.all(Array.from({ length: jobs }, (_, n) => run(n).catch((error) => String(error))));

function memory(mark) {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(status.match(new RegExp(`${mark}:\\s+(\\d+)`))[1]) * 1024;
}

const loading = performance.now();
const run = await { viseme, wavespeed, undici }[name]();
const loaded = performance.now();
try {
  // Resets the peak of memory; some containers do not allow it.
  writeFileSync('/proc/self/clear_refs', '5');
} catch {}
const before = memory('VmRSS');
const [started, cpu] = [performance.now(), process.cpuUsage()];
const outcomes = await run();
const { user, system } = process.cpuUsage(cpu);
const cost = {
  wall_seconds: (performance.now() - started) / 1000,
  cpu_seconds: (user + system) / 1e6,
  memory_before: before,
  memory_peak: memory('VmHWM'),
};
const errors = outcomes.filter((outcome) => typeof outcome === 'string');
const ends = outcomes.filter((outcome) => typeof outcome !== 'string');
const result = {
  cost,
  load_seconds: (loaded - loading) / 1000,
  errors: errors.length,
  first_errors: errors.slice(0, 3),
  ended: ends,
};
process.stdout.write(JSON.stringify(result), () => process.exit(0));
