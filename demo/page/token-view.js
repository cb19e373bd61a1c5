/** An access token's claims, for people. */
import { element } from './element.js';

/** @param {Record<string, unknown>} claims */
export function claimsView(claims) {
  const rows = Object.entries(claims).flatMap(([name, value]) => [
    element('dt', {}, element('code', {}, name)),
    element('dd', {}, ...values(name, value)),
  ]);
  const list = element('dl', { class: 'claims' }, ...rows);
  return element('details', { open: '' }, element('summary', {}, 'The access token’s claims'), list);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {(Node | string)[]}
 */
function values(name, value) {
  if (['exp', 'iat', 'nbf'].includes(name)) return [`${value} (${new Date(Number(value) * 1000).toLocaleString()})`];
  const words = name === 'scope' ? String(value).split(' ') : value;
  if (!Array.isArray(words)) return [typeof value === 'string' ? value : JSON.stringify(value)];
  return words.length === 0 ? ['none'] : words.flatMap(word => [element('span', { class: 'chip' }, String(word)), ' ']);
}
