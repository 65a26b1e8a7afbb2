// @ts-check
// Runs on the audio thread: passes the samples of the microphone on, in chunks.

/** The samples of a chunk: at 48 kHz, an eleventh of a second. */
const CHUNK = 4096;

/**
 * What an audio worklet has, of which TypeScript's library knows nothing.
 *
 * @typedef {new () => { port: MessagePort }} ProcessorBase
 */

const scope =
  /** @type {{ AudioWorkletProcessor: ProcessorBase, registerProcessor: (name: string, type: unknown) => void }} */ (
    /** @type {unknown} */ (globalThis)
  );

class PcmProcessor extends scope.AudioWorkletProcessor {
  constructor() {
    super();
    this.chunk = new Float32Array(CHUNK);
    this.filled = 0;
  }

  /**
   * @param {Float32Array[][]} inputs
   * @returns {boolean}
   */
  process(inputs) {
    for (const sample of inputs[0]?.[0] ?? []) {
      this.chunk[this.filled] = sample;
      this.filled += 1;
      if (this.filled === CHUNK) {
        this.port.postMessage(this.chunk.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

scope.registerProcessor('pcm', PcmProcessor);
