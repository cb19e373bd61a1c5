/** Shows an access token: as it is sent, and what it says. */
import { jsonIn } from './encoding.js';
import { codeBox, element, row, type Child } from './element.js';

export function tokenView(token: string): readonly HTMLElement[] {
  const parts = token.split('.');
  const colored = ['header', 'payload', 'signature'].flatMap((name, index) => [
    ...(index === 0 ? [] : ['.']),
    element('span', { 'data-part': name }, parts[index] ?? ''),
  ]);
  const raw = column('As it is sent', codeBox('The raw access token', ...colored));
  const [header = '', payload = ''] = parts;
  const decoded = column('What it says', list('header', jsonIn(header)), list('payload', jsonIn(payload)));
  return [raw, decoded];
}

function column(title: string, ...content: readonly Child[]): HTMLElement {
  return element('div', { class: 'column' }, element('h3', {}, title), ...content);
}

function list(part: string, members: Readonly<Record<string, unknown>>): HTMLElement {
  const rows = Object.entries(members).map(([name, value]) => row(name, ...shown(name, value)));
  return element('dl', { class: 'claims', 'data-part': part, 'aria-label': `The ${part} of the token` }, ...rows);
}

function shown(name: string, value: unknown): readonly Child[] {
  if (['exp', 'iat', 'nbf'].includes(name)) return [String(value), ' ', time(Number(value))];
  const words: unknown = name === 'scope' ? String(value).split(' ') : value;
  if (!Array.isArray(words)) return [typeof value === 'string' ? value : JSON.stringify(value)];
  if (words.length === 0) return ['none'];
  return words.flatMap(word => [element('span', { class: 'chip' }, String(word)), ' ']);
}

function time(seconds: number): HTMLElement {
  const date = new Date(seconds * 1000);
  return element('time', { class: 'quiet', datetime: date.toISOString() }, date.toLocaleTimeString());
}
