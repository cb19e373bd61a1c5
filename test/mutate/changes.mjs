/** What was changed since a revision. */
import { execFileSync } from 'node:child_process';

/** The changed lines of src/, each as `core/tokens/claims.ts:12`. */
export function changedLines(revision) {
  const diff = execFileSync('git', ['diff', '--unified=0', '--no-color', revision, '--', 'src'], { encoding: 'utf8' });
  const lines = new Set();
  let file = '';
  for (const text of diff.split('\n')) {
    file = /^\+\+\+ b\/src\/(.*)/.exec(text)?.[1] ?? file;
    const [, start, count = '1'] = /^@@ .* \+(\d+)(?:,(\d+))? @@/.exec(text) ?? [];
    for (let offset = 0; start !== undefined && offset < Number(count); offset++)
      lines.add(`${file}:${Number(start) + offset}`);
  }
  return lines;
}
