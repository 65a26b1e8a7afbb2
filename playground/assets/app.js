// @ts-check
// The page: the form of a model, its quote, the jobs, and the events that keep them up to date.

import { addJob, addQuote, check, errorDetails, getAccount, getQuote, getSession } from './api.js';
import { byId, h, icon, setChildren, setText } from './base/dom.js';
import { subscribe } from './base/events.js';
import { formatUsd } from './base/format.js';
import { makeTabs } from './base/ui.js';
import { Form, label } from './fields.js';
import { DubPanel } from './dub-panel.js';
import { FitPanel, isMendable } from './fit-panel.js';
import { notice, withoutField } from './media-field.js';
import { Results } from './results.js';
import { Snippets } from './snippets.js';

/** @typedef {import('./api.js').Quote} Quote */
/** @typedef {import('./api.js').Report} Report */

/** How long to wait for further input before it is checked, in milliseconds. */
const CHECK_DELAY = 200;

class Page {
  /** @param {import('./api.js').Session} session */
  constructor(session) {
    this.session = session;
    this.isLive = session.mode === 'live';
    /** @type {Map<string, Form>} */
    this.forms = new Map();
    /** @type {Form | null} */
    this.form = null;
    /** What the check says of the form; `null` while it is checked. @type {Report | null} */
    this.report = null;
    /** @type {Quote | null} */
    this.quote = null;
    /** The price of the input: `null` if the service gives none. @type {number | null | undefined} */
    this.price = undefined;
    /** Whether to run as soon as the quote is ready. */
    this.runsWhenReady = false;
    /** Whether the request that starts the job is on its way. */
    this.isStarting = false;
    this.checkTimer = 0;
    /** Counts the changes of the form, so that an old response is ignored. */
    this.change = 0;
    this.fit = new FitPanel(byId('fit', HTMLElement));
    this.runButton = byId('run', HTMLButtonElement);
    this.results = new Results(this.isLive, (model) => this.title(model), {
      onChange: () => this.renderRun(),
      onEnd: () => void this.refreshBalance(),
    });
    this.dub = new DubPanel(byId('dub', HTMLElement), (dub) => {
      this.results.setDub(dub);
      this.results.select(dub.id);
      byId('result-title', HTMLElement).closest('section')?.scrollIntoView();
    });
    this.snippets = new Snippets(byId('code', HTMLElement));
  }

  start() {
    this.renderHeader();
    this.renderModels();
    this.runButton.addEventListener('click', () => void this.press());
    const connection = byId('connection', HTMLElement);
    const names = {
      connecting: 'Connecting',
      open: 'Connected',
      waiting: 'Not connected',
      closed: 'Closed',
    };
    subscribe('/api/events', {
      onEvent: (event) => this.onEvent(event.type, JSON.parse(event.data)),
      onState: (state) => {
        connection.dataset['state'] = state;
        setText(connection, names[state]);
      },
    });
    void this.refreshBalance();
    // A file that is dropped next to a field must not replace the page.
    for (const name of ['dragover', 'drop']) {
      window.addEventListener(name, (event) => event.preventDefault());
    }
  }

  renderHeader() {
    const mode = byId('mode', HTMLElement);
    mode.hidden = false;
    mode.dataset['tone'] = this.isLive ? 'warning' : 'info';
    setText(mode, this.isLive ? `Live: ${this.session.service}` : 'Offline: mock server, free');
    const dashboard = byId('dashboard', HTMLAnchorElement);
    if (this.session.dashboard_url !== null) {
      dashboard.href = this.session.dashboard_url;
      dashboard.hidden = false;
    }
  }

  renderModels() {
    const list = byId('models', HTMLElement);
    const tabs = this.session.models.map((model) =>
      h(
        'button',
        {
          class: 'tab',
          type: 'button',
          role: 'tab',
          id: `model-${model.id}`,
          'aria-controls': 'form',
          dataset: { model: model.id },
        },
        shortTitle(model.title),
      ),
    );
    setChildren(list, tabs);
    const select = makeTabs(list, (tab) => this.selectModel(tab.dataset['model'] ?? ''));
    if (tabs[0] !== undefined) select(tabs[0]);
  }

  /** @param {string} id */
  selectModel(id) {
    const model = this.session.models.find((model) => model.id === id);
    if (model === undefined || this.form?.model.id === id) return;
    const old = this.form;
    const form = this.forms.get(id) ?? new Form(model, () => this.onInput());
    this.forms.set(id, form);
    if (old !== null) form.adopt(old);
    this.form = form;
    const panel = byId('form', HTMLElement);
    panel.setAttribute('aria-labelledby', `model-${id}`);
    setChildren(panel, form.element);
    this.onInput();
  }

  /** The input changed: its quote holds no longer, and it is checked. */
  onInput() {
    this.change += 1;
    this.report = null;
    this.quote = null;
    this.price = undefined;
    this.runsWhenReady = false;
    setChildren(byId('run-error', HTMLElement));
    this.renderRun();
    if (this.form?.isChecking) {
      this.fit.hide();
      this.dub.hide();
    }
    clearTimeout(this.checkTimer);
    this.checkTimer = window.setTimeout(() => void this.check(), CHECK_DELAY);
  }

  async check() {
    const { form, change } = this;
    if (form === null || form.isChecking) return;
    void this.snippets.show(form.model.id, form.codeValues()).catch(() => undefined);
    try {
      const report = await check(form.model.id, form.values());
      if (change !== this.change) return;
      this.report = report;
      form.showReport(report);
      this.fit.show(form, report);
      this.dub.show(form, report);
    } catch (error) {
      if (change === this.change) this.showError(error);
      return;
    }
    // Offline the price costs nothing and nothing leaves this machine.
    if (this.report.ok && !this.isLive) await this.askForQuote();
    this.renderRun();
  }

  async askForQuote() {
    const { form, change } = this;
    if (form === null) return;
    try {
      const quote = await addQuote(form.model.id, form.values());
      if (change !== this.change) return;
      this.quote = quote;
      // The quote may have become ready before its id was known here.
      await this.refreshQuote();
    } catch (error) {
      if (change === this.change) this.showError(error);
    }
    this.renderRun();
  }

  async refreshQuote() {
    const id = this.quote?.id;
    if (id === undefined) return;
    const quote = await getQuote(id);
    if (this.quote?.id === id) this.onQuote(quote);
  }

  /** @param {Quote} quote */
  onQuote(quote) {
    if (this.quote?.id !== quote.id || this.quote.state === 'ready') return;
    this.quote = quote;
    if (quote.state === 'failed' && quote.error !== undefined) {
      this.quote = null;
      this.runsWhenReady = false;
      this.renderError(quote.error.message);
    }
    if (quote.state === 'ready' && this.runsWhenReady) void this.run();
    this.renderRun();
  }

  /** The button was pressed. */
  async press() {
    if (this.isDisabled()) return;
    setChildren(byId('run-error', HTMLElement));
    if (this.quote?.state === 'ready') return this.run();
    // Live, the user sees the price before a second press pays it.
    this.runsWhenReady = !this.isLive;
    if (this.quote === null) await this.askForQuote();
  }

  async run() {
    const { quote } = this;
    if (quote === null || this.isStarting) return;
    this.isStarting = true;
    this.runsWhenReady = false;
    this.renderRun();
    try {
      const job = await addJob(quote.id);
      this.results.setJob(job);
      this.results.select(job.id);
    } catch (error) {
      const details = errorDetails(error);
      this.showError(error);
      if (details.job !== undefined) this.results.select(details.job);
    }
    this.isStarting = false;
    this.quote = null;
    this.renderRun();
  }

  isDisabled() {
    const isBusy =
      this.isStarting || this.quote?.state === 'preparing' || this.form?.isChecking === true;
    return isBusy || this.report === null || !this.report.ok || this.results.isRunning;
  }

  renderRun() {
    const button = this.runButton;
    const { quote, report } = this;
    button.setAttribute('aria-disabled', String(this.isDisabled()));
    if (quote?.state === 'ready') this.price = quote.price;
    const isBusy = this.isStarting || quote?.state === 'preparing';
    setChildren(button, isBusy ? h('span', { class: 'spinner' }) : icon('play'), this.runLabel());
    setText(byId('run-hint', HTMLElement), this.hint(report));
    setChildren(
      byId('price', HTMLElement),
      h('span', { class: 'stat__name' }, 'Price'),
      h('span', { class: 'stat__value' }, priceText(this.price)),
    );
  }

  /** @returns {string} */
  runLabel() {
    const { quote } = this;
    if (this.isStarting) return 'Submitting…';
    if (quote?.state === 'preparing') {
      const progress = quote.progress;
      if (!progress) return 'Preparing…';
      if (progress.sent >= progress.total) return 'Asking for the price…';
      return `Uploading ${progress.field}: ${Math.floor((100 * progress.sent) / progress.total)} %`;
    }
    if (!this.isLive) return 'Run';
    if (quote?.state !== 'ready') return 'Upload and get the price';
    return quote.price === null || quote.price === undefined
      ? 'Run, price unknown'
      : `Run for ${formatUsd(quote.price)}`;
  }

  /**
   * @param {Report | null} report
   * @returns {string}
   */
  hint(report) {
    if (this.results.isRunning) return 'A job is running. It continues if you close this page.';
    if (this.form?.isChecking) return 'Checking…';
    if (report === null) return '';
    const order = this.form?.order ?? [];
    const missing = report.violations
      .filter((it) => it.rule === 'required')
      .sort((a, b) => order.indexOf(a.field) - order.indexOf(b.field))
      .map((it) => label(it.field).toLowerCase());
    if (missing.length > 0) return `Still missing: ${missing.join(' and ')}.`;
    const wrong = report.violations.find((it) => it.level === 'error');
    if (wrong !== undefined) {
      const verb = isMendable(report) ? 'Fit' : 'Change';
      return `${verb} the ${label(wrong.field).toLowerCase()} first: see above.`;
    }
    if (!this.isLive)
      return 'The mock server plays the service. Nothing leaves this machine, and nothing is charged.';
    return this.quote?.state === 'ready'
      ? 'This press submits the job, once, and it is charged.'
      : `The files go to ${this.session.service}, which measures them for the price. That is free.`;
  }

  /** @param {unknown} error */
  showError(error) {
    const { message, violations } = errorDetails(error);
    const found = violations?.map(
      (it) => `${label(it.field)}: ${withoutField(it.message, it.field)}`,
    );
    this.renderError(found?.join(' ') ?? message);
  }

  /** @param {string} message */
  renderError(message) {
    setChildren(byId('run-error', HTMLElement), notice('danger', message));
  }

  /**
   * @param {string} type
   * @param {{ revision: number, state: any }} event
   */
  onEvent(type, event) {
    if (type === 'quote') return this.onQuote(event.state);
    this.results.onEvent(type, event);
    // The quote may have changed while the page was not connected.
    if (type === 'jobs') void this.refreshQuote().catch(() => undefined);
  }

  /**
   * Returns the title of a model.
   *
   * @param {string} id
   */
  title(id) {
    const model = this.session.models.find((model) => model.id === id);
    return model === undefined ? id : shortTitle(model.title);
  }

  async refreshBalance() {
    const element = byId('balance', HTMLElement);
    try {
      const { balance } = await getAccount();
      setChildren(
        element,
        h('span', { class: 'muted' }, 'Balance '),
        h('strong', { class: 'numeric' }, formatUsd(balance)),
      );
    } catch (error) {
      setChildren(
        element,
        h(
          'span',
          { class: 'balance__error', title: errorDetails(error).message },
          'Balance unknown',
        ),
      );
      if (this.isLive) this.showError(error);
    }
    element.hidden = false;
  }
}

/**
 * @param {number | null | undefined} price
 * @returns {string}
 */
function priceText(price) {
  if (price === undefined) return '–';
  return price === null ? 'unknown' : formatUsd(price);
}

/**
 * Returns the part of a title that tells models of a family apart.
 *
 * @param {string} title
 */
function shortTitle(title) {
  const part = title.split(': ').at(-1) ?? title;
  return part.charAt(0).toUpperCase() + part.slice(1);
}

try {
  new Page(await getSession()).start();
} catch (error) {
  setChildren(byId('form', HTMLElement), notice('danger', errorDetails(error).message));
}
