// @ts-check
// Writes samples as a WAV file.

/** The bytes before the samples. */
const HEADER = 44;

/**
 * Returns a WAV file with 16-bit samples of one channel.
 *
 * @param {Float32Array[]} chunks samples from -1 to 1
 * @param {number} sampleRate
 * @returns {Blob}
 */
export function encodeWav(chunks, sampleRate) {
  const count = chunks.reduce((total, chunk) => total + chunk.length, 0);
  const view = new DataView(new ArrayBuffer(HEADER + count * 2));
  writeText(view, 0, 'RIFF');
  view.setUint32(4, HEADER - 8 + count * 2, true);
  writeText(view, 8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * 2, true); // bytes a second
  view.setUint16(32, 2, true); // bytes a frame
  view.setUint16(34, 16, true); // bits a sample
  writeText(view, 36, 'data');
  view.setUint32(40, count * 2, true);
  let offset = HEADER;
  for (const chunk of chunks) {
    for (const sample of chunk) {
      const limited = Math.max(-1, Math.min(1, sample));
      view.setInt16(offset, Math.round(limited * 0x7fff), true);
      offset += 2;
    }
  }
  return new Blob([view.buffer], { type: 'audio/wav' });
}

/**
 * @param {DataView} view
 * @param {number} offset
 * @param {string} text
 */
function writeText(view, offset, text) {
  for (let index = 0; index < text.length; index += 1) {
    view.setUint8(offset + index, text.charCodeAt(index));
  }
}
