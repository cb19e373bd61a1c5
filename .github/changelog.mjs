/** The changelog, made of conventional commits. */

const groups = [
  ['What an app may notice', ({ isBreaking }) => isBreaking],
  ['New', ({ type }) => type === 'feat'],
  ['Fixed', ({ type }) => type === 'fix'],
  ['Faster', ({ type }) => type === 'perf'],
];

/** Reads the subject of a commit; `undefined` for one that users do not notice. */
export function readSubject(subject) {
  const [, type, scope, mark, text] = /^(\w+)(?:\(([^)]+)\))?(!)?: (.+)$/.exec(subject) ?? [];
  const isBreaking = mark === '!';
  return isBreaking || ['feat', 'fix', 'perf'].includes(type) ? { type, scope, isBreaking, text } : undefined;
}

/** Returns the section of a version. Each commit is in the first group that it fits. */
export function sectionOf(version, date, subjects) {
  const changes = subjects.map(readSubject).filter(change => change !== undefined);
  const parts = groups.flatMap(([title, fits], index) => {
    const isEarlier = change => groups.slice(0, index).some(([, fitsBefore]) => fitsBefore(change));
    const lines = changes.filter(change => fits(change) && !isEarlier(change)).map(lineOf);
    return lines.length === 0 ? [] : [`### ${title}\n\n${lines.join('\n')}`];
  });
  return [`## ${version} (${date})`, ...(parts.length === 0 ? ['Nothing that users notice.'] : parts)].join('\n\n');
}

// A page of the site is a template, in which < and {{ have a meaning.
function lineOf({ scope, text }) {
  const escaped = text.replace(/[<>{}*_[\]|\\]/g, character => `&#${character.charCodeAt(0)};`);
  return scope === undefined ? `- ${escaped}` : `- **${scope}**: ${escaped}`;
}

/** Puts a section above the earlier ones, or in the place of the section of the same version. */
export function withSection(page, section) {
  const [heading] = section.split('\n');
  const [version] = /(?<=^## )\S+/.exec(heading);
  const [intro, ...sections] = page.trimEnd().split(/\n\n(?=## )/);
  const others = sections.filter(other => !other.startsWith(`## ${version} `));
  return `${[intro, section, ...others].join('\n\n')}\n`;
}
