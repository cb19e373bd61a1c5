/** What it was measured on. */
import { cpus } from 'node:os';

export function machine() {
  return `${cpus().length} × ${cpus()[0].model}, ${process.platform} ${process.arch}`;
}
