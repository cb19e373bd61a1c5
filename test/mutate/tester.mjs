/** A process that runs tests in a folder, again and again: only its first run has to load what the tests stand on. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const trial = fileURLToPath(new URL('./trial.cjs', import.meta.url));

export class Tester {
  #folder;
  #child;

  constructor(folder) {
    this.#folder = folder;
  }

  /** Do these test files pass, within this time, and how long do they take? A process that hangs or breaks is replaced by another. */
  run(files, milliseconds) {
    return this.#ask({ files }, milliseconds);
  }

  /** `run`, and which parts of the package it runs. */
  observe(file, milliseconds) {
    return this.#ask({ files: [file], isObserved: true }, milliseconds);
  }

  /** Asks another one, in a process of its own. */
  async alone(ask) {
    const fresh = new Tester(this.#folder);
    try {
      return await ask(fresh);
    } finally {
      await fresh.stop();
    }
  }

  async #ask(question, milliseconds) {
    this.#child ??= this.#start();
    const child = this.#child;
    child.send(question);
    const answer = await answerOf(child, milliseconds);
    if (answer === undefined) await this.#kill();
    return answer ?? { isPassed: false, duration: milliseconds };
  }

  /** Ends the process in good order. */
  async stop() {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.connected) child.disconnect();
    if (isRunning(child)) await once(child, 'exit');
    killAll(child);
  }

  #start() {
    return fork(trial, { cwd: this.#folder, stdio: 'ignore', detached: true });
  }

  async #kill() {
    const child = this.#child;
    this.#child = undefined;
    const hasToEnd = isRunning(child);
    killAll(child);
    if (hasToEnd) await once(child, 'exit');
  }
}

// A mutant may have ended the process after its answer.
function isRunning({ exitCode, signalCode }) {
  return exitCode === null && signalCode === null;
}

/** `undefined` where none came in time. */
function answerOf(child, milliseconds) {
  return new Promise(resolve => {
    const settle = answer => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(answer);
    };
    const timer = setTimeout(settle, milliseconds);
    child.once('message', settle);
    child.once('exit', () => settle());
  });
}

// With all that its tests have started.
function killAll({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended, and nothing of it is left.
  }
}
