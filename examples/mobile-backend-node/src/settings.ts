/** What you decide: the secrets, the models, and what one user may do. */
export interface Settings {
  baseUrl: string;
  apiKey: string;
  /** Signs the users' tokens. At least 32 bytes. */
  tokenSecret: string;
  /** Knows which submits were paid for, and for whom. A file on a local disk. */
  ledger: string;
  /** The models that users may run, each with its parameters that are media. */
  models: Record<string, readonly string[]>;
  jobsPerDay: number;
  jobsAtOnce: number;
  uploadsPerDay: number;
  maxAudioBytes: number;
  maxVideoBytes: number;
}

const MB = 1024 * 1024;

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`Set the environment variable ${name}.`);
  return value;
}

/** Returns an environment variable that is a whole number. */
export function readCount(env: NodeJS.ProcessEnv, name: string, byDefault: number): number {
  const value = env[name] || String(byDefault);
  if (!/^\d+$/.test(value)) throw new Error(`${name} must be a whole number, got "${value}".`);
  return Number(value);
}

/** Returns the secret of the tokens. A short one can be guessed from a token. */
export function readTokenSecret(env: NodeJS.ProcessEnv = process.env): string {
  const value = required(env, 'TOKEN_SECRET');
  if (Buffer.byteLength(value) < 32) throw new Error('TOKEN_SECRET must have at least 32 bytes.');
  return value;
}

/** Returns the settings, from the environment. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  return {
    baseUrl: env['WAVESPEED_BASE_URL'] ?? 'https://api.wavespeed.ai',
    apiKey: required(env, 'WAVESPEED_API_KEY'),
    tokenSecret: readTokenSecret(env),
    ledger: env['LEDGER'] ?? 'ledger.db',
    models: {
      'kwaivgi/kling-lipsync/audio-to-video': ['audio', 'video'],
      'kwaivgi/kling-lipsync/text-to-video': ['video'],
    },
    jobsPerDay: readCount(env, 'JOBS_PER_DAY', 20),
    jobsAtOnce: readCount(env, 'JOBS_AT_ONCE', 2),
    uploadsPerDay: readCount(env, 'UPLOADS_PER_DAY', 100),
    maxAudioBytes: 5 * MB,
    maxVideoBytes: 100 * MB,
  };
}
