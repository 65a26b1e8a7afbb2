// @ts-check
// A field for media: drop, choose or record a file; what the check says of it; and a preview.

import { addFile, addSample, errorDetails, fileUrl } from './api.js';
import { h, icon, setChildren } from './base/dom.js';
import { formatBytes } from './base/format.js';
import { record, whyNoRecording } from './recorder.js';

/** @typedef {import('./api.js').CheckedFile} CheckedFile */
/** @typedef {import('./api.js').MediaInfo} MediaInfo */
/** @typedef {import('./api.js').MediaKind} MediaKind */

/** @typedef {{ original: CheckedFile, steps: import('./api.js').FitStep[] }} Fitted */

/** The words of the page for each kind of media. */
const WORDS = /** @type {const} */ ({
  video: { icon: 'film', a: 'a video', record: 'Record' },
  audio: { icon: 'wave', a: 'a voice', record: 'Record' },
  image: { icon: 'camera', a: 'a picture', record: 'Take a picture' },
});

export class MediaField {
  /**
   * @param {import('./api.js').Field} field
   * @param {MediaKind} kind
   * @param {string} model
   * @param {() => void} onChange is called when the file or its verdict changes
   * @param {() => void} onRestore is called when the user wants the original files back
   */
  constructor(field, kind, model, onChange, onRestore) {
    this.field = field;
    this.kind = kind;
    /** @private */
    this.model = model;
    /** @private */
    this.onChange = onChange;
    /** @private */
    this.onRestore = onRestore;
    /** @type {CheckedFile | null} */
    this.file = null;
    /** How the file was made, if it is none of the user's. @type {Fitted | null} */
    this.fitted = null;
    /** Whether a file is on its way. */
    this.isChecking = false;
    /** @private @type {AbortController | null} */
    this.sending = null;
    /** @private */
    this.picker = h('input', {
      type: 'file',
      class: 'visually-hidden',
      tabindex: '-1',
      'aria-hidden': 'true',
      accept: kind.extensions.map((extension) => `.${extension}`).join(','),
    });
    this.picker.addEventListener('change', () => {
      const file = this.picker.files?.[0];
      this.picker.value = '';
      if (file !== undefined) void this.send(file);
    });
    /** @private */
    this.body = h('div', { class: 'drop__body' });
    const title = field.name.charAt(0).toUpperCase() + field.name.slice(1);
    this.element = h(
      'div',
      { class: 'drop', role: 'group', 'aria-label': title, dataset: { field: field.name } },
      h('div', { class: 'drop__header' }, icon(WORDS[kind.media].icon), h('h2', {}, title)),
      this.picker,
      this.body,
    );
    this.listenForDrops();
    this.render();
  }

  /** @private */
  listenForDrops() {
    const { element } = this;
    element.addEventListener('dragover', (event) => {
      event.preventDefault();
      element.dataset['over'] = 'true';
    });
    element.addEventListener('dragleave', (event) => {
      const to = event.relatedTarget;
      if (!(to instanceof Node && element.contains(to))) delete element.dataset['over'];
    });
    element.addEventListener('drop', (event) => {
      event.preventDefault();
      delete element.dataset['over'];
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) void this.send(file);
    });
    element.addEventListener('paste', (event) => {
      const file = event.clipboardData?.files[0];
      if (file !== undefined) void this.send(file);
    });
  }

  /**
   * Shows a file that the playground has, with what the check says of it.
   *
   * @param {CheckedFile | null} file
   * @param {Fitted | null} [fitted] how it was made
   */
  show(file, fitted = null) {
    this.file = file;
    this.fitted = fitted;
    this.isChecking = false;
    this.render();
  }

  /**
   * Shows a file that was made of the one that is shown.
   *
   * @param {{ file: CheckedFile, steps: import('./api.js').FitStep[] }} made
   */
  showFitted({ file, steps }) {
    const original = this.fitted?.original ?? this.file;
    if (original !== null) this.show(file, { original, steps });
  }

  /** Shows the user's own file again. */
  restoreOriginal() {
    if (this.fitted !== null) this.show(this.fitted.original);
  }

  /**
   * Sends a file to the playground, which checks it.
   *
   * @param {File} file
   */
  send(file) {
    return this.load(file.name, (signal) => addFile(this.model, this.field.name, file, signal));
  }

  /** @private */
  async addSample() {
    await this.load('the sample', () => addSample(this.model, this.field.name));
    this.focusFirst();
  }

  /** @private */
  async record() {
    const file = await record(this.kind.media, this.kind.max_seconds);
    if (file !== null) await this.send(file);
    this.focusFirst();
  }

  /**
   * @private
   * @param {string} name
   * @param {(signal: AbortSignal) => Promise<CheckedFile>} load
   */
  async load(name, load) {
    this.sending?.abort();
    const sending = new AbortController();
    this.sending = sending;
    this.file = null;
    this.fitted = null;
    this.isChecking = true;
    this.renderChecking(name);
    this.onChange();
    try {
      const file = await load(sending.signal);
      if (this.sending === sending) this.show(file);
    } catch (error) {
      if (this.sending !== sending) return;
      this.isChecking = false;
      this.render(errorDetails(error).message);
    }
    this.onChange();
  }

  /** @private */
  focusFirst() {
    const button = this.body.querySelector('button');
    if (button instanceof HTMLElement) button.focus();
  }

  /**
   * @private
   * @param {string} name
   */
  renderChecking(name) {
    this.element.dataset['state'] = 'checking';
    setChildren(
      this.body,
      h(
        'div',
        { class: 'drop__center', role: 'status' },
        h('span', { class: 'spinner' }),
        `Checking ${name}…`,
      ),
    );
  }

  /**
   * @private
   * @param {string} [error] why the file could not be sent
   */
  render(error) {
    if (this.file !== null) return this.renderFile(this.file);
    this.element.dataset['state'] = error === undefined ? 'empty' : 'refused';
    const words = WORDS[this.kind.media];
    const noRecording = whyNoRecording(this.kind.media);
    const recordIcon = this.kind.media === 'audio' ? 'microphone' : 'camera';
    setChildren(
      this.body,
      h(
        'div',
        { class: 'drop__center' },
        h('p', { class: 'drop__invite' }, `Drop ${words.a} here`),
        h(
          'div',
          { class: 'drop__buttons' },
          h(
            'button',
            { class: 'button', type: 'button', onclick: () => this.picker.click() },
            icon('upload'),
            'Choose a file',
          ),
          h(
            'button',
            {
              class: 'button',
              type: 'button',
              disabled: noRecording !== null,
              title: noRecording,
              onclick: () => void this.record(),
            },
            icon(recordIcon),
            words.record,
          ),
          h(
            'button',
            { class: 'button button--quiet', type: 'button', onclick: () => void this.addSample() },
            'Use the sample',
          ),
        ),
        h('p', { class: 'drop__limits' }, this.kind.limits.join(' · ')),
      ),
      error !== undefined && notice('danger', error),
    );
  }

  /**
   * @private
   * @param {CheckedFile} file
   */
  renderFile(file) {
    this.element.dataset['state'] = file.ok ? 'ready' : 'refused';
    setChildren(
      this.body,
      preview(this.kind.media, file),
      h(
        'div',
        { class: 'drop__file' },
        h(
          'div',
          { class: 'drop__facts' },
          h('p', { class: 'drop__name truncate', title: file.name }, file.name),
          h('p', { class: 'muted' }, facts(file)),
        ),
        h(
          'button',
          {
            class: 'button button--small button--icon',
            type: 'button',
            'aria-label': `Remove ${file.name}`,
            title: 'Remove',
            onclick: () => {
              this.show(null);
              this.onChange();
              this.focusFirst();
            },
          },
          icon('cross'),
        ),
      ),
      this.fitted !== null && this.fittedView(this.fitted),
      verdict(file),
    );
  }

  /**
   * @private
   * @param {Fitted} fitted
   */
  fittedView({ original, steps }) {
    const done = steps.map((step) => `${step.description}${step.lossy ? ' (loses quality)' : ''}`);
    return h(
      'div',
      { class: 'drop__fitted' },
      notice('info', `Made from ${original.name}: ${done.join(', ')}.`),
      h(
        'button',
        { class: 'button button--small', type: 'button', onclick: () => this.onRestore() },
        icon('refresh'),
        'Use the original',
      ),
    );
  }
}

/**
 * Returns what the check says of a file.
 *
 * @param {CheckedFile} file
 * @returns {HTMLElement}
 */
function verdict(file) {
  if (file.violations.length === 0) {
    return notice('success', 'Meets the rules of the model.');
  }
  return h(
    'div',
    { class: 'drop__verdict' },
    file.violations.map(({ level, message, field, fix }) =>
      notice(
        level === 'error' ? 'danger' : 'warning',
        withoutField(message, field),
        level === 'error' && fix !== null && ` Fit can ${fix.description}.`,
      ),
    ),
  );
}

/**
 * Returns a message without the name of its field, which is above it.
 *
 * @param {string} message
 * @param {string} field
 */
export function withoutField(message, field) {
  const prefix = `\`${field}\`: `;
  const text = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  // The name of a file stays as it is.
  return /^\S+\.\w/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * Returns a remark.
 *
 * @param {'success' | 'warning' | 'danger' | 'info'} tone
 * @param {...import('./base/dom.js').Child} text
 * @returns {HTMLElement}
 */
export function notice(tone, ...text) {
  const name = tone === 'success' ? 'check' : tone === 'info' ? 'info' : 'alert';
  return h('div', { class: 'notice', dataset: { tone } }, icon(name), h('p', {}, ...text));
}

/**
 * @param {CheckedFile} file
 * @returns {string}
 */
function facts({ bytes, info }) {
  const parts = [formatBytes(bytes)];
  if (info !== null) {
    parts.unshift(info.format);
    if (info.seconds !== null) parts.push(`${info.seconds.toFixed(1)} s`);
    if (info.width !== null && info.height !== null) parts.push(`${info.width} × ${info.height}`);
  }
  return parts.join(' · ');
}

/**
 * @param {'audio' | 'video' | 'image'} kind
 * @param {CheckedFile} file
 * @returns {HTMLElement | null}
 */
function preview(kind, file) {
  if (file.info?.kind !== kind) return null;
  const src = fileUrl(file.id);
  if (kind === 'audio')
    return h('audio', { class: 'drop__audio', src, controls: true, preload: 'metadata' });
  if (kind === 'image') return h('img', { class: 'drop__picture', src, alt: file.name });
  return h('video', {
    class: 'drop__picture',
    src,
    controls: true,
    playsinline: true,
    preload: 'metadata',
    'aria-label': file.name,
  });
}
