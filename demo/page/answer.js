/** An answer of the API: status, challenges, decision, body. */
import { allowedBecause, refusedBecause } from './decision.js';
import { element } from './element.js';

/**
 * @typedef {{ status: number, reason: string, challenges: string[], body: unknown }} Answer
 * @typedef {{ rules: (import('./words.js').Requirement | null)[] | null }} Ruled
 */

/**
 * @param {Response} response
 * @returns {Promise<Answer>}
 */
export async function read(response) {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const challenges = challengesIn(response.headers.get('www-authenticate') ?? '');
  return { status: response.status, reason: response.statusText, challenges, body: isJson ? JSON.parse(text) : text };
}

/**
 * A browser joins header fields of one name with commas: here they are apart again (RFC 9110 §11.6.1).
 *
 * @param {string} joined
 */
function challengesIn(joined) {
  // A comma before `name=` is between the parameters of one challenge.
  const oneChallenge = /(?:"(?:[^"\\]|\\.)*"|[^",]|,(?=\s*[!#$%&'*+.^`|~\w-]+\s*=))+/g;
  return (joined.match(oneChallenge) ?? []).map(challenge => challenge.trim());
}

/**
 * @param {Answer} answer
 * @param {Ruled} route
 */
export function shown({ status, reason, challenges, body }, route) {
  const { explanation, ...rest } = /** @type {any} */ (Object(body));
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const text = JSON.stringify(isObject ? rest : body, null, 2);
  return element(
    'dl',
    {},
    ...row('Status', badge(status, `${status} ${reason}`)),
    ...challenges.flatMap(challenge => row('WWW-Authenticate', element('code', {}, challenge))),
    ...row('Decision', decision(status, explanation, route)),
    ...row(
      'Body',
      body === ''
        ? element('p', { class: 'note' }, 'none')
        : element('pre', { tabindex: '0', role: 'group', 'aria-label': 'Body' }, text),
    ),
  );
}

/**
 * @param {number} status
 * @param {string} text
 */
export function badge(status, text = String(status)) {
  return element('span', { class: 'badge', 'data-outcome': status < 300 ? 'granted' : 'refused' }, text);
}

/**
 * @param {string} name
 * @param {Node} value
 */
function row(name, value) {
  return [element('dt', {}, name), element('dd', {}, value)];
}

/**
 * @param {number} status
 * @param {import('./decision.js').Explanation | undefined} explanation
 * @param {Ruled} route
 */
function decision(status, explanation, { rules }) {
  if (explanation !== undefined) return refusedBecause(explanation);
  if (status < 300) return allowedBecause(rules ?? [null]);
  return element('p', { class: 'note' }, 'It was not a permission that refused: see the body.');
}
