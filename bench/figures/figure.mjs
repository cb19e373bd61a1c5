/** What a figure's process measured: sent to the parent process, or printed if there is none. */
import { table } from '../table.mjs';

/**
 * @param measure makes `{ title, heads, rows, values }`; `values`: what a target is compared with
 */
export async function tell(measure) {
  const found = await measure();
  if (process.send === undefined) console.log(`${found.title}\n${table(found.heads, found.rows)}`);
  else process.send(found, () => process.exit());
}

/** What this process was started with: `--amount 1000`, as the bench hands it on. */
export function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}
