// The clients that operations share, and their settings.
import { Client } from 'viseme';

const clients = new Map();

/** Returns the client with this id, and creates it if needed. */
export function clientOf({ id, base_url, key, virtual_clock, settings = {} }) {
  let client = clients.get(id);
  if (client === undefined) {
    client = new Client({
      ignoreEnv: true,
      baseUrl: base_url,
      apiKey: key,
      checkRemoteMedia: false,
      allowPrivateAddresses: true,
      ...settingsOf(settings),
      virtualClock: virtual_clock,
    });
    clients.set(id, client);
  }
  return client;
}

export function closeClient(id) {
  clients.delete(id);
}

const DURATIONS = {
  request_timeout: 'requestTimeoutMs',
  connect_timeout: 'connectTimeoutMs',
  stall_timeout: 'stallTimeoutMs',
  deadline: 'timeoutMs',
  max_retry_after: 'maxRetryAfterMs',
  recovery_window: 'recoveryWindowMs',
  remote_check_timeout: 'remoteCheckTimeoutMs',
};

const OTHERS = {
  max_retries: 'maxRetries',
  max_connections: 'maxConnections',
  max_polls_per_second: 'maxPollsPerSecond',
  learned_pacing: 'learnedPacing',
  polls_per_job: 'pollsPerJob',
  pacing_file: 'pacingFile',
  check_remote_media: 'checkRemoteMedia',
  allow_private_addresses: 'allowPrivateAddresses',
  allow_http: 'allowHttp',
  ledger: 'ledger',
  client_name: 'clientName',
  user_agent: 'userAgent',
};

const ms = (seconds) => seconds * 1000;

function settingsOf(settings) {
  const all = {};
  for (const [name, value] of Object.entries(settings)) {
    if (name in DURATIONS) {
      all[DURATIONS[name]] = ms(value);
    } else if (name in OTHERS) {
      all[OTHERS[name]] = value;
    } else if (name === 'backoff') {
      all.backoff = { baseMs: ms(value.base), maxMs: ms(value.max) };
    } else if (name === 'pacing') {
      const { first, interval, growth, max, jitter } = value;
      all.pacing = { firstMs: ms(first), intervalMs: ms(interval), growth, maxMs: ms(max), jitter };
    } else if (name === 'submit_limits') {
      all.submitLimits = { perMinute: value.per_minute, concurrent: value.concurrent };
    } else {
      throw new Error(`unknown setting ${name}`);
    }
  }
  return all;
}
