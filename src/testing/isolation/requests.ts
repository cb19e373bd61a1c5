/** Makes and reads requests and answers of a test of isolation. */
import { randomBytes } from 'node:crypto';
import type { LoopbackAnswer } from '../loopback';
import type { TestedRoute } from './tested-routes';

interface Valued {
  readonly values: Readonly<Record<string, string>>;
}

/** A text that nobody else has. */
export function newText(kind: 'canary' | 'nobody'): string {
  return `${kind}${randomBytes(9).toString('hex')}`;
}

/** An id of the same form that no object has; another one for each index. */
export function otherId(id: string, index: number): string {
  return /^\d+$/.test(id) ? String(987_654_321 + index) : `nobody${index}of${id}`;
}

/** Returns the answer as `fetch()` would. */
export function responseOf({ status, headers, body }: LoopbackAnswer): Response {
  const isEmpty = [204, 205, 304].includes(status);
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map(one => [name, one] as [string, string]),
  );
  return new Response(isEmpty ? null : body, { status, headers: fields });
}

/** Returns the id of a created object, from the body or the header field `Location`. */
export async function idIn(response: Response): Promise<string | undefined> {
  const body = Object(await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
  const id = body.id ?? body._id ?? body.uuid ?? body.key ?? body.slug;
  if (typeof id === 'string' || typeof id === 'number') return String(id);
  return response.headers.get('location')?.split('/').at(-1);
}

/** The other caller's values, and, where a path has several parameters, mixtures with the caller's own. */
export function mixedValues(
  { path, parameters }: TestedRoute,
  own: Valued,
  other: Valued,
): readonly Readonly<Record<string, string>>[] {
  if (parameters.length < 2) return [other.values];
  const keys = parameters.map(name => [path.slice(0, path.indexOf(`:${name}`) + name.length + 1), name]);
  const mixtures = keys.map(names => ({
    ...own.values,
    ...Object.fromEntries(Object.entries(other.values).filter(([key]) => names.includes(key))),
  }));
  return [other.values, ...mixtures.slice(0, 8)];
}

/** Returns the answer with one text in place of another, and without what follows from it. */
export function withoutText(answer: LoopbackAnswer, text: string, other: string): LoopbackAnswer {
  const { status, headers, body } = answer;
  const fields = { ...headers };
  // These follow from the text.
  delete fields.etag;
  delete fields['content-length'];
  return {
    status,
    headers: JSON.parse(JSON.stringify(fields).replaceAll(text, other)) as LoopbackAnswer['headers'],
    body: body.replaceAll(text, other),
  };
}
