/** Whether lists of private notes have the caller's own notes, and no others. */
import { randomUUID } from 'node:crypto';
import type { Caller, Callers } from './callers';
import { answerIn, type Outcome } from './check-rules';
import { answerTo, type Answer } from './expected';

export async function* checkLists(apiUrl: string, callers: Callers): AsyncGenerator<Outcome> {
  const authors = [await callers.named('alice'), await callers.named('bob')];
  const texts = new Map(authors.map(({ name }) => [name, `a note of ${name}, ${randomUUID()}`]));
  for (const author of authors) await write(apiUrl, author, texts.get(author.name) ?? '');
  for (const path of ['/notes', `/notes/search?text=${encodeURIComponent('a note of')}`, '/notes/export'])
    for (const caller of authors) yield outcome(apiUrl, path, caller, texts);
}

async function write(apiUrl: string, { token = '' }: Caller, text: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  await fetch(`${apiUrl}/notes`, { method: 'POST', headers, body: JSON.stringify({ text }) });
}

async function outcome(
  apiUrl: string,
  path: string,
  caller: Caller,
  texts: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const response = await fetch(apiUrl + path, { headers: { authorization: `Bearer ${caller.token ?? ''}` } });
  const body = await response.text();
  const shows = [...texts].filter(([, text]) => body.includes(text)).map(([name]) => name);
  const expected: Answer = { ...answerTo(caller, 200, {}, apiUrl), shows: [caller.name] };
  const got: Answer = { ...answerIn(response), shows };
  const passed = JSON.stringify(got) === JSON.stringify(expected);
  return { request: `GET ${path.replace(/\?.*/, '?text=…')}`, caller, expected, got, passed };
}
