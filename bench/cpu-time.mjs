/** The CPU time of this process so far, all of its threads, in microseconds. */
import { readdirSync, readFileSync } from 'node:fs';

const tasks = '/proc/self/task';

// Linux keeps it to the nanosecond; process.cpuUsage() may count in ticks of 10 ms.
export const cpuTime = hasSchedule() ? scheduledTime : usedTime;

function hasSchedule() {
  try {
    return scheduledTime() > 0;
  } catch {
    return false;
  }
}

function scheduledTime() {
  const nanoseconds = readdirSync(tasks).map(id =>
    Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}

function usedTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}
