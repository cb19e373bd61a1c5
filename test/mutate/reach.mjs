/** Which tests run which parts of the code, by V8's own count, and how long each takes. */
import { inParallel } from './in-parallel.mjs';
import { Tester } from './tester.mjs';

/** These look at the sources, the types or the whole demo: slow, and they notice no single check. */
const others = /^dist\/test\/(?:demo|types|packages?|readme|architecture)\b/;
const longest = 300_000;

export class Reach {
  #tests = [];

  add(test) {
    this.#tests.push(test);
  }

  /**
   * The tests that run the mutant's place: that of the file's own name first, then those of its room, then the others; the fast
   * ones first, and as many as take no longer than `budget` together.
   */
  testsOf({ script, runs }, budget) {
    const reaching = this.#tests.filter(({ parts }) =>
      parts.some(part => part.script === script && isRun(part.ranges, runs)),
    );
    const sorted = reaching.sort((a, b) => distance(a, script) - distance(b, script) || a.duration - b.duration);
    let left = budget;
    return sorted.filter(({ duration }, index) => {
      const isChosen = duration <= left || index === 0;
      if (isChosen) left -= duration;
      return isChosen;
    });
  }
}

function distance({ file }, script) {
  const [name] = script.slice('dist/src/'.length).split('.');
  if (file.includes(`/${name}.`)) return 0;
  return file.startsWith(`dist/test/${name.split('/')[0]}/`) ? 1 : 2;
}

/**
 * @param end when no other test is looked at, in milliseconds
 * @param folders where the tests are, below dist/test; default: everywhere
 */
export async function reachOf(sandboxes, { end = Infinity, folders } = {}) {
  const isIn = file => folders === undefined || folders.includes(file.split('/')[2]);
  const tests = sandboxes[0].tests().filter(file => isIn(file) && !others.test(file));
  const testers = sandboxes.map(({ folder }) => new Tester(folder));
  const reach = new Reach();
  await inParallel(tests, testers, async (file, tester) => {
    if (Date.now() > end) return;
    const { isPassed, duration, parts, isAlone } = await observe(file, tester);
    if (isPassed) reach.add({ file, duration, parts, isAlone });
    else console.log(`${file} fails as it is, and is left out`);
  });
  await Promise.all(testers.map(tester => tester.stop()));
  return reach;
}

// What a test imports as an ES module stays loaded: some tests need a process that has run no other.
async function observe(file, tester) {
  const first = await tester.observe(file, longest);
  if (first.isPassed) return { ...first, isAlone: false };
  return { ...(await tester.alone(fresh => fresh.observe(file, longest))), isAlone: true };
}

// The innermost range around a place has its count.
function isRun(ranges, position) {
  const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= position && position < endOffset);
  const size = ({ startOffset, endOffset }) => endOffset - startOffset;
  const least = Math.min(...around.map(size));
  return around.some(range => size(range) === least && range.count > 0);
}
