// @ts-check
// Formats numbers and times as people read them.

/**
 * Returns a number of bytes: `512 B`, `1.5 KB`, `12 MB`.
 *
 * @param {number} bytes
 * @returns {string}
 */
export function formatBytes(bytes) {
  let value = bytes;
  let unit = 'B';
  for (const larger of ['KB', 'MB', 'GB']) {
    if (value < 1000) break;
    value /= 1000;
    unit = larger;
  }
  return `${unit === 'B' || value >= 10 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

/**
 * Returns an amount in US dollars: `$0.07`, `$1,204.50`. Amounts under a cent get more digits.
 *
 * @param {number} usd
 * @returns {string}
 */
export function formatUsd(usd) {
  const exact = Math.round(usd * 1e6) / 1e6;
  const digits = Number.isInteger(Math.round(exact * 1e4) / 100) ? 2 : 4;
  const text = Math.abs(exact).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${exact < 0 ? '-' : ''}$${text}`;
}

/**
 * Returns a duration: `850 ms`, `4.2 s`, `5 min 20 s`, `2 h 5 min`, `3 d 4 h`.
 *
 * @param {number} milliseconds
 * @returns {string}
 */
export function formatDuration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return twoUnits(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.floor(whole / 60);
  if (minutes < 24 * 60) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/**
 * @param {number} major
 * @param {string} majorUnit
 * @param {number} minor
 * @param {string} minorUnit
 */
function twoUnits(major, majorUnit, minor, minorUnit) {
  return minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`;
}

/**
 * Returns the time of day of an ISO date in UTC: `14:03:07.250`.
 *
 * @param {string} date
 * @returns {string}
 */
export function formatTime(date) {
  const time = new Date(date);
  return Number.isNaN(time.getTime()) ? date : time.toISOString().slice(11, 23);
}

/**
 * Returns an ISO date in UTC: `2026-01-01 14:03:07`.
 *
 * @param {string} date
 * @returns {string}
 */
export function formatDate(date) {
  const time = new Date(date);
  return Number.isNaN(time.getTime()) ? date : time.toISOString().slice(0, 19).replace('T', ' ');
}

/**
 * Returns a count with its noun: `1 request`, `1,204 requests`.
 *
 * @param {number} count
 * @param {string} singular
 * @param {string} [plural]
 * @returns {string}
 */
export function formatCount(count, singular, plural = `${singular}s`) {
  return `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`;
}
