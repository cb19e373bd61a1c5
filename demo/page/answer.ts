/** One answer of the API, as data. */
import type { Grants, Requirement } from './words.js';

export type Said = 'allows' | 'refuses' | 'depends on the object' | 'was not asked';

export interface PermissionReason {
  readonly permission: string;
  readonly answer: Said;
  readonly needed: Requirement;
  readonly there: readonly string[];
  readonly unmet: readonly Grants[];
}

export interface CompositionReason {
  readonly operator: 'and' | 'or' | 'not';
  readonly answer: Said;
  readonly of: readonly Reason[];
}

export type Reason = PermissionReason | CompositionReason;

export interface Explanation {
  readonly rules: readonly Reason[];
  readonly granted: Readonly<Record<string, readonly string[]>>;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly challenges: readonly string[];
  /** Seconds until the next try, if the answer says so. */
  readonly retryAfter?: number | undefined;
  readonly contentType?: string | undefined;
  /** Why the rules refused, if they did. */
  readonly explanation?: Explanation | undefined;
  /** The error code of a refusal. */
  readonly error?: string | undefined;
  /** Without the explanation, which has a place of its own. */
  readonly body: unknown;
}

export type Outcome = 'granted' | 'refused' | 'throttled' | 'failed';

export function outcomeOf({ status }: Answer): Outcome {
  if (status < 300) return 'granted';
  if (status === 401 || status === 403) return 'refused';
  return status === 429 ? 'throttled' : 'failed';
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const contentType = response.headers.get('content-type')?.split(';')[0];
  const parsed = contentType?.includes('json') === true ? (JSON.parse(text) as unknown) : text;
  const { explanation, ...body } = Object(parsed) as { explanation?: Explanation; error?: string };
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  return {
    status: response.status,
    reason: response.statusText,
    challenges: challengesIn(response.headers.get('www-authenticate') ?? ''),
    retryAfter: Number(response.headers.get('retry-after') ?? undefined) || undefined,
    contentType,
    explanation,
    error: body.error,
    body: isObject ? body : parsed,
  };
}

/** Separates the challenges: a browser joins header fields of one name with commas (RFC 9110 §11.6.1). */
function challengesIn(joined: string): readonly string[] {
  // A comma before `name=` separates the parameters of one challenge.
  const oneChallenge = /(?:"(?:[^"\\]|\\.)*"|[^",]|,(?=\s*[!#$%&'*+.^`|~\w-]+\s*=))+/g;
  return (joined.match(oneChallenge) ?? []).map(challenge => challenge.trim());
}
