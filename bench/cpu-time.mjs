/** The CPU time of this process so far, all of its threads, in microseconds. */
import { readdirSync, readFileSync } from 'node:fs';

const tasks = '/proc/self/task';

// Linux keeps it to the nanosecond; process.cpuUsage() may count in ticks of 10 ms.
export const cpuTime = hasSchedule() ? scheduledTime : usedTime;

/** That of the main thread alone, where the system tells: what a start takes when the compiler's threads have a core of their own. */
export function mainThreadTime() {
  return hasSchedule() ? scheduledBy(process.pid) : usedTime();
}

function hasSchedule() {
  try {
    return scheduledTime() > 0;
  } catch {
    return false;
  }
}

function scheduledTime() {
  return readdirSync(tasks).reduce((sum, id) => sum + scheduledBy(id), 0);
}

function scheduledBy(id) {
  return Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0]) / 1000;
}

function usedTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}
