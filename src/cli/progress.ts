/** Says what a command waits for, on a terminal, where it takes longer than a second. */
import { startTimer } from '../core/time/timers';
import { printable, type Terminal } from './terminal';

/** Runs the work, and shows what it is if it takes long. */
export type Progress = <T>(what: string, work: () => Promise<T>) => Promise<T>;

const patience = 1000;

/** Returns a function that shows on stderr what takes longer than a second, and nothing if stderr is no terminal. */
export function progressOn(terminal: Terminal): Progress {
  return terminal.isErrorTTY ? (what, work) => shown(what, work, terminal) : unseen;
}

/** Runs the work and shows nothing. */
export const unseen: Progress = (_, work) => work();

async function shown<T>(what: string, work: () => Promise<T>, { timers, writeError }: Terminal): Promise<T> {
  const show = (): void => {
    writeError(`axioms: ${printable(what)} …\n`);
  };
  const timer = startTimer(timers, show, patience);
  try {
    return await work();
  } finally {
    timers.clearTimeout(timer);
  }
}
