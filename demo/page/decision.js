/** Why a request was refused or not, as a tree. */
import { element } from './element.js';
import { inWords } from './words.js';

/**
 * @typedef {import('./words.js').Requirement} Requirement
 * @typedef {'allows' | 'refuses' | 'depends on the object' | 'was not asked'} Verdict
 * @typedef {{ permission: string, answer: Verdict, needed: Requirement, there: string[], unmet: import('./words.js').Grants[] }} PermissionReason
 * @typedef {{ operator: 'and' | 'or' | 'not', answer: Verdict, of: Reason[] }} CompositionReason
 * @typedef {PermissionReason | CompositionReason} Reason
 * @typedef {{ rules: Reason[], granted: Record<string, string[]> }} Explanation
 */

const marks = { allows: '✓', refuses: '✗', 'depends on the object': '?', 'was not asked': '–' };

/** @param {Explanation} explanation */
export function refusedBecause({ rules, granted }) {
  const names = Object.entries(granted).map(([kind, list]) => `${kind} ${list.join(', ') || 'none'}`);
  const there = element('p', { class: 'note' }, `Granted: ${names.join('; ')}.`);
  return element('div', {}, tree(rules), there);
}

/** @param {(Requirement | null)[]} rules all of which allowed the request */
export function allowedBecause(rules) {
  const items = rules.map(rule => node('allows', 'Allowed', `by ${inWords(rule)}`));
  return element('ul', { class: 'tree' }, ...items);
}

/**
 * @param {Reason[]} reasons
 * @returns {HTMLElement}
 */
function tree(reasons) {
  return element('ul', { class: 'tree' }, ...reasons.map(item));
}

/** @param {Reason} reason */
function item(reason) {
  const name = 'permission' in reason ? reason.permission : reason.operator;
  const made = node(reason.answer, name, reason.answer);
  made.append('permission' in reason ? facts(reason) : tree(reason.of));
  return made;
}

/**
 * @param {Verdict} verdict
 * @param {string} name
 * @param {string} said
 */
function node(verdict, name, said) {
  const mark = element('span', { class: 'mark', 'aria-hidden': 'true' }, marks[verdict]);
  return element('li', { 'data-verdict': verdict }, mark, ' ', element('strong', {}, name), ` ${said}`);
}

/** @param {PermissionReason} reason */
function facts({ needed, there, unmet }) {
  const found = [`needs ${inWords(needed)}`];
  if (there.length > 0) found.push(`of these there: ${there.join(', ')}`);
  if (unmet.length > 0) found.push(`not met: ${unmet.map(inWords).join('; ')}`);
  return element('ul', { class: 'tree note' }, ...found.map(fact => element('li', {}, fact)));
}
