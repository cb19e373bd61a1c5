/** Finds the name of the library that a misspelled member probably means. */

/**
 * Returns the name that a member is a likely misspelling of.
 *
 * @param known how many letters may differ, by name. The case, underscores and a plural `es` at the end do not count.
 */
export function likelyMeant(member: string, known: Readonly<Record<string, number>>): string | undefined {
  const found = meantBy.get(known) ?? new Map<string, string | undefined>();
  meantBy.set(known, found);
  if (!found.has(member)) found.set(member, nearest(member, known));
  return found.get(member);
}

/** What members of these names mean. Each route of an app lists the same few classes, and comparing takes long. */
const meantBy = new WeakMap<object, Map<string, string | undefined>>();

function nearest(member: string, known: Readonly<Record<string, number>>): string | undefined {
  const near = Object.entries(known).map(([name, most]) => ({ name, most, by: difference(member, name) }));
  return near.filter(({ by, most }) => by <= most).sort((one, other) => one.by - other.by)[0]?.name;
}

/** Returns a name in lower case and without underscores. */
export function plainName(name: string): string {
  return name.replace(/_/g, '').toLowerCase();
}

function difference(one: string, other: string): number {
  const [spelled, name] = [plainName(one), plainName(other)];
  return Math.min(distance(spelled, name), distance(stem(spelled), stem(name)));
}

function stem(name: string): string {
  return name.replace(/es$/, '');
}

/**
 * Returns how many letters are added, removed, replaced or swapped with their neighbor (the optimal string alignment
 * distance). Computes it row by row.
 */
function distance(one: string, other: string): number {
  const first = Array.from({ length: other.length + 1 }, (_, index) => index);
  let [beforeThat, row]: [number[], number[]] = [[], first];
  for (let index = 0; index < one.length; index++) {
    const next = [index + 1];
    for (let column = 0; column < other.length; column++) {
      const [above = 0, before = 0, left = 0] = [row[column + 1], row[column], next[column]];
      const isSwap = index > 0 && one[index] === other[column - 1] && one[index - 1] === other[column];
      const swapped = isSwap ? (beforeThat[column - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min(above + 1, left + 1, before + Number(one[index] !== other[column]), swapped));
    }
    [beforeThat, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
