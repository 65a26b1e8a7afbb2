// @ts-check
// The jobs and dubs of the session: the one that is shown, and the history of all.

import { byId, setChildren, setText } from './base/dom.js';
import { formatDuration, formatUsd } from './base/format.js';
import { dubPhaseName, isDubRunning, runLabel } from './dub-plan.js';
import { DubView } from './dub-view.js';
import { renderHistory } from './history.js';
import { JobView, badge, isOver, phaseBadge, phaseName } from './job.js';

/** @typedef {import('./api.js').Dub} Dub */
/** @typedef {import('./api.js').Job} Job */

/** The colours of the phases of a dub, which are those of jobs. @type {Record<Dub['phase'], string>} */
const DUB_BADGES = {
  planning: 'processing',
  planned: 'created',
  running: 'processing',
  stopping: 'processing',
  stopped: 'created',
  failed: 'failed',
  done: 'completed',
};

export class Results {
  /**
   * @param {boolean} isLive
   * @param {(model: string) => string} title returns the title of a model
   * @param {object} listeners
   * @param {() => void} listeners.onChange is called when a job changed, or another one is shown
   * @param {() => void} listeners.onEnd is called when a job or dub ended, which may have cost money
   */
  constructor(isLive, title, { onChange, onEnd }) {
    /** @private */
    this.title = title;
    /** @private */
    this.onChange = onChange;
    /** @private */
    this.onEnd = onEnd;
    /** @private @type {Map<string, Job>} */
    this.jobs = new Map();
    /** @private @type {Map<string, Dub>} */
    this.dubs = new Map();
    /** The newest revision of each job and dub. @private @type {Map<string, number>} */
    this.revisions = new Map();
    /** @private @type {string | null} */
    this.selected = null;
    const element = byId('result', HTMLElement);
    /** @private */
    this.jobView = new JobView(element, byId('result-time', HTMLElement), isLive);
    /** @private */
    this.dubView = new DubView(element, isLive);
    /** Whether the state of the server was received. @private */
    this.isLoaded = false;
    this.jobView.showEmpty();
    this.renderHistory();
  }

  /** Whether the job that is shown runs. */
  get isRunning() {
    const job = this.jobs.get(this.selected ?? '');
    return job !== undefined && !isOver(job);
  }

  /**
   * @param {string} type
   * @param {{ revision: number, state: any }} event
   */
  onEvent(type, { revision, state }) {
    if (type === 'job') this.setJob(state, revision);
    if (type === 'dub') this.setDub(state, revision);
    if (type === 'jobs') for (const job of state) this.setJob(job, revision);
    if (type === 'dubs') {
      const known = new Set(/** @type {Dub[]} */ (state).map((dub) => dub.id));
      for (const id of this.dubs.keys()) if (!known.has(id)) this.forget(id);
      for (const dub of state) this.setDub(dub, revision);
    }
    // After a load of the page, what runs is shown, or else the newest.
    if (type !== 'dubs' || this.isLoaded) return;
    this.isLoaded = true;
    const running = [...this.dubs.values()].find(isDubRunning);
    const first = running ?? this.rows()[0];
    if (this.selected === null && first !== undefined) this.select(first.id);
  }

  /**
   * @param {Job} job
   * @param {number} [revision] that of its event; a response has none
   */
  setJob(job, revision) {
    const known = this.jobs.get(job.id);
    if (!this.isNews(job.id, known !== undefined, revision)) return;
    this.jobs.set(job.id, job);
    if (known?.phase !== job.phase) {
      setText(byId('live', HTMLElement), `${phaseName(job)}. ${job.error?.message ?? ''}`);
      if (isOver(job)) this.onEnd();
    }
    this.render();
  }

  /**
   * @param {Dub | { id: string, is_removed: true }} dub
   * @param {number} [revision] that of its event; a response has none
   */
  setDub(dub, revision) {
    const known = this.dubs.get(dub.id);
    if (!this.isNews(dub.id, known !== undefined, revision)) return;
    if ('is_removed' in dub) return this.forget(dub.id);
    this.dubs.set(dub.id, dub);
    if (known?.phase !== dub.phase) {
      const more = dub.phase === 'planned' ? runLabel(dub) : (dub.error?.message ?? '');
      setText(byId('live', HTMLElement), `${dubPhaseName(dub)}. ${more}`);
      if (!isDubRunning(dub)) this.onEnd();
    }
    this.render();
  }

  /** @param {string} id */
  select(id) {
    this.selected = id;
    this.render();
  }

  /**
   * @private
   * @param {string} id
   * @param {boolean} isKnown
   * @param {number | undefined} revision
   */
  isNews(id, isKnown, revision) {
    if (revision === undefined) return !isKnown;
    if (revision < (this.revisions.get(id) ?? 0)) return false;
    this.revisions.set(id, revision);
    return true;
  }

  /**
   * @private
   * @param {string} id
   */
  forget(id) {
    this.dubs.delete(id);
    if (this.selected === id) this.selected = this.rows()[0]?.id ?? null;
    if (this.selected === null) {
      this.dubView.hide();
      this.jobView.showEmpty();
    }
    this.render();
  }

  /** Returns the rows of the history, the newest first. @private */
  rows() {
    const jobs = [...this.jobs.values()].map((job) => ({
      id: job.id,
      started_at: job.started_at,
      title: this.title(job.model),
      badge: phaseBadge(job),
      took: isOver(job) ? formatDuration(job.steps.at(-1)?.at_ms ?? 0) : '…',
      price: job.price === null ? '' : formatUsd(job.price),
    }));
    const dubs = [...this.dubs.values()].map((dub) => ({
      id: dub.id,
      started_at: dub.started_at,
      title: `Dub of ${dub.video}`,
      badge: badge(DUB_BADGES[dub.phase], dubPhaseName(dub)),
      took: '',
      price: dub.spent_micros === 0 ? '' : formatUsd(dub.spent_micros / 1e6),
    }));
    return [...jobs, ...dubs].sort((a, b) => b.started_at - a.started_at);
  }

  /** @private */
  render() {
    const job = this.jobs.get(this.selected ?? '');
    const dub = this.dubs.get(this.selected ?? '');
    if (job !== undefined) {
      this.dubView.hide();
      this.jobView.show(job);
    } else if (dub !== undefined) {
      this.jobView.hide();
      this.dubView.show(dub);
    }
    this.renderHistory();
    this.onChange();
  }

  /** @private */
  renderHistory() {
    const rows = this.rows();
    const shown = rows.find(({ id }) => id === this.selected);
    setChildren(byId('result-badge', HTMLElement), shown?.badge.cloneNode(true));
    renderHistory(byId('history', HTMLElement), rows, this.selected, (id) => this.select(id));
  }
}
