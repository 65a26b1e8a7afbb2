// @ts-check
// Records a video or a picture with the camera, or a voice with the microphone, in a dialog.

import { h, icon, setChildren, setText } from './base/dom.js';
import { encodeWav } from './wav.js';

/** How long a voice may be, in seconds: 16-bit samples at 48 kHz stay under 5 MB. */
const MAX_VOICE_SECONDS = 50;

/** The formats of MediaRecorder that the models accept. */
const VIDEO_TYPES = ['video/mp4;codecs=avc1,mp4a.40.2', 'video/mp4;codecs=avc1', 'video/mp4'];

/**
 * @typedef {object} Capture what records
 * @property {() => void} start
 * @property {() => Promise<File>} stop
 * @property {() => void} close
 * @property {() => number} level how loud it is, from 0 to 1
 */

/**
 * Returns why this browser cannot record such media, or `null` if it can.
 *
 * @param {'audio' | 'video' | 'image'} kind
 * @returns {string | null}
 */
export function whyNoRecording(kind) {
  if (navigator.mediaDevices?.getUserMedia === undefined) return 'This browser cannot record.';
  if (kind === 'video' && videoType() === null) {
    return 'This browser records WebM, which the model does not accept. Record with another app and choose the file.';
  }
  return null;
}

/** @returns {string | null} */
function videoType() {
  if (typeof MediaRecorder === 'undefined') return null;
  return VIDEO_TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

/**
 * Opens the dialog. Returns the recording, or `null` if the user closes the dialog.
 *
 * @param {'audio' | 'video' | 'image'} kind
 * @param {number | null} maxSeconds
 * @returns {Promise<File | null>}
 */
export async function record(kind, maxSeconds) {
  const titles = { audio: 'Record a voice', video: 'Record a face', image: 'Take a picture' };
  const preview = h('video', {
    class: 'recorder__preview',
    muted: true,
    playsinline: true,
    autoplay: true,
  });
  preview.muted = true;
  const meter = h('progress', {
    class: 'recorder__level',
    max: '1',
    value: '0',
    'aria-label': 'Level',
  });
  const time = h('p', { class: 'recorder__time numeric', role: 'timer' }, '0.0 s');
  const status = h('p', { class: 'muted', role: 'status' }, 'Waiting for your permission…');
  const main = h('button', { class: 'button button--primary', type: 'button', disabled: true });
  const close = h('button', { class: 'button', type: 'button' }, 'Cancel');
  const dialog = h(
    'dialog',
    { class: 'dialog recorder', 'aria-labelledby': 'recorder-title' },
    h('div', { class: 'card__header' }, h('h2', { id: 'recorder-title' }, titles[kind])),
    h(
      'div',
      { class: 'card__body recorder__body' },
      kind === 'audio' ? [icon('microphone', 'icon--large'), meter] : preview,
      kind !== 'image' && time,
      status,
    ),
    h('div', { class: 'recorder__buttons' }, close, main),
  );
  document.body.append(dialog);
  dialog.showModal();

  const limit = Math.min(maxSeconds ?? Infinity, kind === 'audio' ? MAX_VOICE_SECONDS : 60);
  /** @type {Capture | null} */
  let capture = null;
  let timer = 0;
  /** @type {File | null} */
  const result = await new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(null));
    close.addEventListener('click', () => dialog.close());
    const finish = async () => {
      clearInterval(timer);
      main.disabled = true;
      if (capture !== null) resolve(await capture.stop());
    };
    const begin = () => {
      if (capture === null) return;
      capture.start();
      if (kind === 'image') return void finish();
      const started = performance.now();
      setChildren(main, icon('stop'), 'Stop and use');
      setText(status, `Recording. It stops at ${limit} s.`);
      dialog.dataset['recording'] = 'true';
      timer = window.setInterval(() => {
        const seconds = (performance.now() - started) / 1000;
        setText(time, `${seconds.toFixed(1)} s`);
        meter.value = capture?.level() ?? 0;
        // A little less than the limit: the file may have a frame more.
        if (seconds >= limit - 0.2) void finish();
      }, 100);
      main.onclick = () => void finish();
    };
    const opening = kind === 'audio' ? openMicrophone() : openCamera(kind, preview);
    opening.then(
      (opened) => {
        capture = opened;
        // The user may have cancelled meanwhile.
        if (!dialog.open) return opened.close();
        setText(status, kind === 'image' ? 'Look at the camera.' : `Up to ${limit} s.`);
        setChildren(
          main,
          icon(kind === 'audio' ? 'microphone' : 'camera'),
          kind === 'image' ? 'Take the picture' : 'Start',
        );
        main.disabled = false;
        main.onclick = begin;
        main.focus();
      },
      (error) => setText(status, whyNoDevice(error, kind)),
    );
  });
  clearInterval(timer);
  /** @type {Capture | null} */ (capture)?.close();
  dialog.remove();
  return result;
}

/**
 * @param {unknown} error
 * @param {'audio' | 'video' | 'image'} kind
 * @returns {string}
 */
function whyNoDevice(error, kind) {
  const device = kind === 'audio' ? 'microphone' : 'camera';
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') {
    return `The browser did not allow the ${device}. Allow it in the address bar, and try again.`;
  }
  if (name === 'NotFoundError') return `This machine has no ${device}. Choose a file.`;
  return `The ${device} cannot be used: another program may use it. Choose a file.`;
}

/**
 * @param {'video' | 'image'} kind
 * @param {HTMLVideoElement} preview
 * @returns {Promise<Capture>}
 */
async function openCamera(kind, preview) {
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' };
  const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
  preview.srcObject = stream;
  await preview.play().catch(() => undefined);
  const close = () => stream.getTracks().forEach((track) => track.stop());
  if (kind === 'image') {
    return { start: () => undefined, stop: () => takePicture(preview), close, level: () => 0 };
  }
  const type = videoType() ?? '';
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 5_000_000 });
  /** @type {Blob[]} */
  const parts = [];
  recorder.addEventListener('dataavailable', (event) => parts.push(event.data));
  /** @returns {Promise<File>} */
  const stop = () =>
    new Promise((resolve) => {
      recorder.addEventListener('stop', () => {
        resolve(new File(parts, 'camera.mp4', { type: 'video/mp4' }));
      });
      recorder.stop();
    });
  return { start: () => recorder.start(), stop, close, level: () => 0 };
}

/**
 * Returns the current picture of a video as a JPEG file.
 *
 * @param {HTMLVideoElement} video
 * @returns {Promise<File>}
 */
async function takePicture(video) {
  const canvas = h('canvas', { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.92));
  if (blob === null) throw new Error('the picture is empty');
  return new File([blob], 'camera.jpg', { type: 'image/jpeg' });
}

/** @returns {Promise<Capture>} */
async function openMicrophone() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const context = new AudioContext();
  const close = () => {
    stream.getTracks().forEach((track) => track.stop());
    void context.close();
  };
  try {
    await context.audioWorklet.addModule('/pcm-worklet.js');
  } catch (error) {
    close();
    throw error;
  }
  const node = new AudioWorkletNode(context, 'pcm', { numberOfOutputs: 1, channelCount: 1 });
  const source = context.createMediaStreamSource(stream);
  /** @type {Float32Array[]} */
  const chunks = [];
  let loudest = 0;
  node.port.onmessage = (event) => {
    const chunk = /** @type {Float32Array} */ (event.data);
    chunks.push(chunk);
    loudest = chunk.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  };
  const start = () => {
    source.connect(node);
    // A node without a destination is not run. It writes silence.
    node.connect(context.destination);
    void context.resume();
  };
  const stop = async () => {
    source.disconnect();
    const blob = encodeWav(chunks, context.sampleRate);
    return new File([blob], 'voice.wav', { type: 'audio/wav' });
  };
  return { start, stop, close, level: () => loudest };
}
