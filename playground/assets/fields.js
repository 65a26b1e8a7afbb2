// @ts-check
// The form of a model, made of its description.

import { h, setText } from './base/dom.js';
import { MediaField, withoutField } from './media-field.js';

/** @typedef {import('./api.js').Field} Field */
/** @typedef {import('./api.js').Values} Values */
/** @typedef {import('./api.js').Violation} Violation */

/**
 * A field that is no media.
 *
 * @typedef {object} Control
 * @property {HTMLElement} element
 * @property {() => string | number | boolean | null} value `null` if it is not set
 * @property {(value: string | number | boolean) => void} setValue
 * @property {HTMLElement} input the element that has the focus
 * @property {HTMLElement} error
 */

export class Form {
  /**
   * @param {import('./api.js').Model} model
   * @param {() => void} onChange
   */
  constructor(model, onChange) {
    this.model = model;
    /** @private */
    this.onChange = onChange;
    /** @type {MediaField[]} */
    this.media = [];
    /** @private @type {Map<string, Control>} */
    this.controls = new Map();
    const media = h('div', { class: 'drops' });
    const others = h('div', { class: 'controls' });
    for (const field of model.fields) {
      if (field.kind.type === 'media') {
        const mediaField = new MediaField(field, field.kind, model.id, onChange, () =>
          this.restoreOriginals(),
        );
        this.media.push(mediaField);
        media.append(mediaField.element);
      } else {
        const control = makeControl(field, onChange);
        this.controls.set(field.name, control);
        others.append(control.element);
      }
    }
    // The face comes first, whatever the order of the service.
    const rank = { video: 0, image: 0, audio: 1 };
    const byKind = [...this.media].sort((a, b) => rank[a.kind.media] - rank[b.kind.media]);
    media.append(...byKind.map((field) => field.element));
    /** The names of the fields as they are shown. */
    this.order = [...byKind.map((field) => field.field.name), ...this.controls.keys()];
    this.element = h(
      'div',
      { class: 'form__fields' },
      h('p', { class: 'form__summary muted' }, model.summary),
      media,
      this.controls.size > 0 && others,
    );
  }

  /** Returns the values that are set. @returns {Values} */
  values() {
    /** @type {Values} */
    const values = {};
    for (const field of this.media) {
      if (field.file !== null) values[field.field.name] = { file: field.file.id };
    }
    for (const [name, control] of this.controls) {
      const value = control.value();
      if (value !== null) values[name] = value;
    }
    return values;
  }

  /** Returns the values for code: media are the names of their files. @returns {Values} */
  codeValues() {
    const values = this.values();
    for (const { field, file } of this.media) {
      if (file !== null) values[field.name] = file.name;
    }
    return values;
  }

  /**
   * Takes over what another form has under the same names.
   *
   * @param {Form} other
   */
  adopt(other) {
    for (const field of this.media) {
      const same = other.media.find(
        (old) => old.field.name === field.field.name && old.kind.media === field.kind.media,
      );
      if (same?.file) field.show(same.file, same.fitted);
    }
    for (const [name, control] of this.controls) {
      const value = other.controls.get(name)?.value() ?? null;
      if (value !== null) control.setValue(value);
    }
  }

  /**
   * Whether the form has media of this name and kind.
   *
   * @param {string} name
   * @param {'audio' | 'video' | 'image'} media
   */
  has(name, media) {
    return this.media.some(({ field, kind }) => field.name === name && kind.media === media);
  }

  /** Returns the ids of the files. */
  fileIds() {
    return this.media.map(({ file }) => file?.id ?? null);
  }

  /**
   * Replaces files by what was made of them.
   *
   * @param {import('./api.js').FitResult['files']} files
   */
  showFitted(files) {
    for (const field of this.media) {
      const made = files[field.field.name];
      if (made !== undefined) field.showFitted(made);
    }
    this.onChange();
  }

  /** Brings back all files that were replaced: they belong together. @private */
  restoreOriginals() {
    for (const field of this.media) field.restoreOriginal();
    this.onChange();
  }

  /** Whether a file is on its way. */
  get isChecking() {
    return this.media.some((field) => field.isChecking);
  }

  /**
   * Shows the violations next to their fields. A missing value is none before it is entered.
   *
   * @param {import('./api.js').Report} report
   */
  showReport(report) {
    for (const field of this.media) {
      const file = report.files[field.field.name];
      const isOther = JSON.stringify(file) !== JSON.stringify(field.file);
      if (file !== undefined && field.file?.id === file.id && isOther) {
        field.show(file, field.fitted);
      }
    }
    for (const [name, control] of this.controls) {
      const found = report.violations.filter((it) => it.field === name && it.rule !== 'required');
      setText(control.error, found.map((it) => withoutField(it.message, name)).join(' '));
      const isWrong = found.some((it) => it.level === 'error');
      control.input.setAttribute('aria-invalid', String(isWrong));
    }
  }
}

/**
 * Returns a name as a label: `voice_speed` is `Voice speed`.
 *
 * @param {string} name
 */
export function label(name) {
  const words = name.replace(/_id$/, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {Field} field
 * @param {() => void} onChange
 * @returns {Control}
 */
function makeControl(field, onChange) {
  const id = `field-${field.name}`;
  const { kind } = field;
  const error = h('p', { class: 'field__error', id: `${id}-error`, role: 'status' });
  const describedBy = `${id}-hint ${id}-error`;
  const counter = h('span', { class: 'field__counter numeric' });
  /** @type {HTMLElement} */
  let input;
  /** @type {() => string | number | boolean | null} */
  let value;
  /** @type {(value: string | number | boolean) => void} */
  let setValue;
  if (kind.type === 'choice') {
    const options = kind.values.map((word) => h('option', { value: word }, word));
    const select = h('select', { class: 'input', id, 'aria-describedby': describedBy }, options);
    if (kind.default !== null) select.value = kind.default;
    [input, value] = [select, () => select.value];
    setValue = (text) => void (select.value = String(text));
  } else if (kind.type === 'number') {
    const range = h('input', {
      class: 'field__range',
      type: 'range',
      id,
      min: kind.min,
      max: kind.max,
      step: kind.step ?? 'any',
      'aria-describedby': describedBy,
    });
    range.value = String(kind.default ?? kind.min);
    const show = () => setText(counter, Number(range.value).toString());
    range.addEventListener('input', show);
    show();
    // The default is the service's: nothing is sent.
    const own = kind.default;
    [input, value] = [range, () => (Number(range.value) === own ? null : Number(range.value))];
    setValue = (number) => {
      range.value = String(number);
      show();
    };
  } else if (kind.type === 'boolean') {
    const box = h('input', { type: 'checkbox', id, 'aria-describedby': describedBy });
    box.checked = kind.default ?? false;
    [input, value] = [box, () => (box.checked === kind.default ? null : box.checked)];
    setValue = (on) => void (box.checked = on === true);
  } else {
    const area = h('textarea', {
      class: 'input text-input',
      id,
      rows: '3',
      'aria-describedby': describedBy,
    });
    const most = kind.type === 'text' ? kind.max_chars : null;
    const show = () => {
      const count = [...area.value].length;
      setText(counter, most === null ? '' : `${count} / ${most}`);
    };
    area.addEventListener('input', show);
    show();
    [input, value] = [area, () => (area.value.trim() === '' ? null : area.value)];
    setValue = (text) => {
      area.value = String(text);
      show();
    };
  }
  input.addEventListener(
    kind.type === 'choice' || kind.type === 'boolean' ? 'change' : 'input',
    onChange,
  );
  const element = h(
    'div',
    { class: 'field', dataset: { field: field.name, type: kind.type } },
    h(
      'div',
      { class: 'field__top' },
      h('label', { class: 'field__label', for: id }, label(field.name)),
      counter,
    ),
    input,
    h('p', { class: 'field__hint', id: `${id}-hint` }, field.description),
    error,
  );
  return { element, value, setValue, input, error };
}
