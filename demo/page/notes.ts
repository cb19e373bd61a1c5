/** The same list for two callers: each sees only what is theirs. */
import { outcomeOf, type Answer } from './answer.js';
import { requestOf, send } from './api-request.js';
import { avatar } from './caller-bar.js';
import type { Callers } from './callers.js';
import type { CallerId } from './demo-data.js';
import { loading } from './detail.js';
import { byId, element } from './element.js';

interface Note {
  readonly id: number;
  readonly text: string;
}

export class Notes {
  constructor(
    private readonly api: string,
    private readonly callers: Callers,
  ) {
    for (const side of sides) this.#offerCallers(side);
    this.clear();
  }

  /** Signs both callers in where necessary, and asks for the list of each. */
  async compare(): Promise<void> {
    const ids = sides.map(side => byId(`${side}-caller`, HTMLSelectElement).value as CallerId);
    for (const side of sides) listOf(side).replaceChildren(loading('Asking for the list…'));
    await this.callers.obtainAll(ids).catch((error: unknown) => {
      this.clear();
      throw error;
    });
    await Promise.all(ids.map((id, index) => this.#show(sides[index]!, id)));
  }

  clear(): void {
    for (const side of sides) listOf(side).replaceChildren(element('p', { class: 'empty' }, 'Not asked yet.'));
  }

  async #show(side: Side, id: CallerId): Promise<void> {
    const target = { api: this.api, method: 'GET', path: '/notes' };
    const answer = await send(await requestOf(target, await this.callers.obtain(id)));
    listOf(side).replaceChildren(notesIn(answer, this.callers.info(id).name));
  }

  #offerCallers(side: Side): void {
    const options = this.callers.all.map(({ id, name }) => element('option', { value: id }, name));
    byId(`${side}-caller`).replaceChildren(...options);
    byId(`${side}-caller`, HTMLSelectElement).value = side === 'left' ? 'alice' : 'bob';
    byId(`${side}-caller`).addEventListener('change', () => {
      this.clear();
    });
  }
}

type Side = 'left' | 'right';
const sides: readonly Side[] = ['left', 'right'];

function listOf(side: Side): HTMLElement {
  return byId(`${side}-notes`);
}

function notesIn(answer: Answer, name: string): HTMLElement {
  const status = element(
    'p',
    { class: 'banner', 'data-outcome': outcomeOf(answer) },
    `${answer.status} ${answer.reason}`,
  );
  if (answer.status !== 200) return element('div', {}, status);
  const notes = answer.body as readonly Note[];
  if (notes.length === 0) return element('div', {}, status, element('p', { class: 'empty' }, `${name} has no notes.`));
  const items = notes
    .slice(0, most)
    .map(({ id, text }) => element('li', {}, avatar(name), `${text} `, element('code', {}, `#${id}`)));
  const more = notes.length > most ? [element('li', { class: 'quiet' }, `and ${notes.length - most} more`)] : [];
  return element('div', {}, status, element('ul', { class: 'notes' }, ...items, ...more));
}

/** Notes to show: every call of `POST /notes` adds one. */
const most = 5;
