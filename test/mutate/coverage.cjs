/**
 * What is run of the package in this process and in those that it starts, by V8's own count: of each script, how often
 * which part. A script that is loaded twice is counted twice.
 */
const { mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs');
const { Session } = require('node:inspector/promises');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const base = `${pathToFileURL(process.cwd()).href}/`;

class Coverage {
  #session = new Session();
  #isStarted = false;
  #folder = '';

  /** Counts from here. */
  async start() {
    this.#folder = mkdtempSync(join(tmpdir(), 'reach-'));
    // For the processes that tests start: each leaves its counts there when it ends.
    process.env.NODE_V8_COVERAGE = this.#folder;
    if (!this.#isStarted) await this.#startCounting();
    await this.#take();
  }

  /** What was run since the start: `{ script, ranges }`. */
  async end() {
    delete process.env.NODE_V8_COVERAGE;
    const found = [await this.#take(), ...resultsIn(this.#folder)].flatMap(partsRun);
    rmSync(this.#folder, { recursive: true });
    return found;
  }

  async #startCounting() {
    this.#isStarted = true;
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  async #take() {
    return (await this.#session.post('Profiler.takePreciseCoverage')).result;
  }
}

function resultsIn(folder) {
  return readdirSync(folder).map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')).result);
}

function partsRun(result) {
  return result
    .filter(({ url, functions }) => url.startsWith(`${base}dist/src/`) && functions.some(isRun))
    .map(({ url, functions }) => ({ script: url.slice(base.length), ranges: functions.flatMap(one => one.ranges) }));
}

function isRun({ ranges }) {
  return ranges.some(({ count }) => count > 0);
}

module.exports = { Coverage };
