/** Shows why the rules let a request in or refused it. */
import { outcomeOf, type Answer, type Explanation, type PermissionReason, type Reason, type Said } from './answer.js';
import type { Route } from './demo-data.js';
import { element } from './element.js';
import { inWords } from './words.js';

const marks: Readonly<Record<Said, string>> = {
  allows: '✓',
  refuses: '✕',
  'depends on the object': '◐',
  'was not asked': '–',
};

export function decisionView(route: Route, answer: Answer): HTMLElement {
  if (answer.explanation !== undefined) return refused(route, answer.explanation);
  if (outcomeOf(answer) === 'granted') return allowed(route);
  return element('p', { class: 'quiet' }, otherReason(answer));
}

function otherReason(answer: Answer): string {
  if (outcomeOf(answer) === 'throttled') return 'The rules allow it. The limit of this route is used up for now.';
  if (answer.status === 401) return 'No permission was asked: the credentials were refused before.';
  if (answer.status === 404) return 'The object does not exist, so there is nothing to decide about.';
  return `No permission refused. The server answered “${answer.error ?? answer.reason}”.`;
}

function allowed({ permissions, rule }: Route): HTMLElement {
  const items = permissions?.map(name => item('allows', name, 'allows')) ?? [];
  const words = element('p', { class: 'quiet' }, 'The rule: ', element('strong', {}, rule), '.');
  return element('div', {}, element('ul', { class: 'tree' }, ...items), words);
}

function refused({ method }: Route, { rules, granted }: Explanation): HTMLElement {
  const names = Object.entries(granted).map(([kind, list]) =>
    element('div', {}, element('dt', {}, `Granted ${kind}`), element('dd', {}, list.join(' ') || 'none')),
  );
  return element('div', {}, tree(rules, method), element('dl', { class: 'facts' }, ...names));
}

function tree(reasons: readonly Reason[], method: string): HTMLElement {
  return element('ul', { class: 'tree' }, ...reasons.map(reason => reasonItem(reason, method)));
}

function reasonItem(reason: Reason, method: string): HTMLElement {
  const isLeaf = 'permission' in reason;
  const made = item(reason.answer, isLeaf ? reason.permission : reason.operator, reason.answer);
  made.append(isLeaf ? facts(reason, method) : tree(reason.of, method));
  return made;
}

function item(said: Said, name: string, text: string): HTMLElement {
  const mark = element('span', { class: 'mark', 'aria-hidden': 'true' }, marks[said]);
  return element('li', { 'data-said': said }, mark, ' ', element('strong', {}, name), ` ${text}`);
}

function facts({ needed, there, unmet }: PermissionReason, method: string): HTMLElement {
  const found = [`needs ${inWords(needed, method)}`];
  if (there.length > 0) found.push(`of these granted: ${there.join(', ')}`);
  if (unmet.length > 0) found.push(`not met: ${unmet.map(one => inWords(one, method)).join(', ')}`);
  return element('ul', { class: 'reasons' }, ...found.map(fact => element('li', {}, fact)));
}
