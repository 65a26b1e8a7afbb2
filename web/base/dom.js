// @ts-check
// Creates elements. Text is always set as text: nothing that a page shows is read as HTML.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * The properties of an element. `class` and `dataset` set these, a name that starts with `on` adds
 * a listener, and any other name sets an attribute. `null`, `undefined` and `false` set nothing;
 * `true` sets an empty attribute.
 *
 * @typedef {Record<string, unknown>} Properties
 */

/**
 * Returns a new element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  setProperties(element, properties);
  append(element, children.flat());
  return element;
}

/**
 * Replaces all children of an element.
 *
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function setChildren(element, ...children) {
  element.replaceChildren();
  append(element, children.flat());
}

/**
 * Sets the text of an element, unless it has that text already.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Returns the element with this id.
 *
 * @template {Element} Type
 * @param {string} id
 * @param {new () => Type} type the class that the element must have
 * @returns {Type}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`there is no ${type.name} with the id ${id}`);
  return element;
}

/**
 * @param {Element} element
 * @param {Properties} properties
 */
function setProperties(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on') && typeof value === 'function') {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (name === 'dataset' && element instanceof HTMLElement) {
      Object.assign(element.dataset, value);
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
}

/**
 * @param {Element} element
 * @param {Child[]} children
 */
function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** The icons: paths in a square of 16 units. */
const ICONS = {
  alert: 'M8 2 1.5 13.5h13L8 2Z M8 6.5v3 M8 11.5v.01',
  bolt: 'M9 1.5 3 9h4.5L7 14.5 13 7H8.5L9 1.5Z',
  camera: 'M2 5.5h2.5L6 3.5h4l1.5 2H14v7H2v-7Z M8 11a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  chevron: 'm6 3.5 4.5 4.5L6 12.5',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z M8 4.5V8l2.5 1.5',
  copy: 'M6 6h7.5v7.5H6V6Z M10 6V2.5H2.5V10H6',
  cross: 'm4 4 8 8 M12 4l-8 8',
  download: 'M8 2v8 m-3-3 3 3 3-3 M2.5 13.5h11',
  film: 'M2 3h12v10H2V3Z M5 3v10 M11 3v10 M2 8h12',
  filter: 'M2 3h12L9.5 8.5V13l-3-1.5v-3L2 3Z',
  hold: 'M5.5 3.5v9 M10.5 3.5v9',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z M8 7.5V11 M8 5v.01',
  microphone:
    'M8 9.5a2 2 0 0 0 2-2v-4a2 2 0 0 0-4 0v4a2 2 0 0 0 2 2Z M4 7.5a4 4 0 0 0 8 0 M8 11.5V14',
  more: 'M3.5 8v.01 M8 8v.01 M12.5 8v.01',
  play: 'M4.5 2.5v11l9-5.5-9-5.5Z',
  refresh: 'M13.5 8A5.5 5.5 0 1 1 11.5 3.75 M13.5 2v3h-3',
  send: 'M14 2 7 9 M14 2 9.5 14 7 9 2 6.5 14 2Z',
  step: 'M3.5 3v10L10 8 3.5 3Z M12.5 3v10',
  stop: 'M3.5 3.5h9v9h-9v-9Z',
  trash: 'M2.5 4h11 M6 4V2.5h4V4 M4 4l.5 9.5h7L12 4',
  upload: 'M8 11V3 m-3 3 3-3 3 3 M2.5 13.5h11',
  wave: 'M1.5 8h1.5 M5 5v6 M8 2.5v11 M11 5v6 M13 8h1.5',
};

/** @typedef {keyof typeof ICONS} IconName */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Returns an icon. Screen readers skip it: the text next to it, or the label of its button, says
 * what it means.
 *
 * @param {IconName} name
 * @param {string} [classes]
 * @returns {SVGSVGElement}
 */
export function icon(name, classes = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `icon ${classes}`.trim());
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
