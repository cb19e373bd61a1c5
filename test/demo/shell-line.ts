import { execFileSync } from 'node:child_process';

/** What a line of curl does, with a shell that reads its quotes. */
export async function answerToCurl(line: string): Promise<Response> {
  const script = `curl() { for one in "$@"; do printf '%s\\0' "$one"; done; }; ${line}`;
  const [, ...words] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
  const after = (option: string) => words.filter((_, index) => words[index - 1] === option);
  const url = words.find(word => word.startsWith('http'))!;
  const headers = after('-H').map(
    (header): [string, string] => header.split(/: (.*)/s).slice(0, 2) as [string, string],
  );
  return fetch(url, { method: after('-X')[0] ?? 'GET', headers, body: after('-d')[0] ?? null });
}
