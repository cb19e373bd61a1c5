/** Arrow keys, Home and End in a table of buttons. Tab reaches one of them, so that nobody has to pass hundreds. */

const steps: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

export function moveWithKeys(table: HTMLTableElement): void {
  table.addEventListener('keydown', event => {
    const step = steps[event.key];
    const from = (event.target as Element).closest<HTMLElement>('tbody button');
    if (step === undefined || from === null) return;
    event.preventDefault();
    neighborOf(table, from, step)?.focus();
  });
  table.addEventListener('focusin', event => {
    const now = (event.target as Element).closest<HTMLElement>('tbody button');
    if (now === null) return;
    for (const one of table.querySelectorAll<HTMLElement>('tbody button')) one.tabIndex = one === now ? 0 : -1;
  });
}

function neighborOf(
  table: HTMLTableElement,
  from: HTMLElement,
  [down, right]: readonly [number, number],
): HTMLElement | undefined {
  const rows = [...table.querySelectorAll('tbody tr:not([hidden])')].map(row => [
    ...row.querySelectorAll<HTMLElement>('button'),
  ]);
  const row = rows.findIndex(buttons => buttons.includes(from));
  const column = rows[row]?.indexOf(from) ?? 0;
  const next = rows[within(row + down, rows.length)];
  return next?.[within(column + right, next.length)];
}

function within(index: number, length: number): number {
  return Math.min(Math.max(index, 0), length - 1);
}
