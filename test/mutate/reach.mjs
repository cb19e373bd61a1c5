/** Which tests run which parts of the code, by V8's own count, and how long each takes. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inParallel } from './in-parallel.mjs';
import { Tester } from './tester.mjs';

/** These look at the sources, the types or the whole demo: slow, and they notice no single check. */
const others = /^dist\/test\/(?:demo|types|packages?|readme|architecture)\b/;
const longest = 120_000;

export class Reach {
  #tests = [];

  add(test) {
    this.#tests.push(test);
  }

  /**
   * The tests that run this place: that of the file's own name first, then those of its room, then the others; the fast
   * ones first, and as many as take no longer than `budget` together.
   */
  testsOf({ script, start }, budget) {
    const reaching = this.#tests.filter(({ ranges }) => isRun(ranges.get(script) ?? [], start));
    const sorted = reaching.sort((a, b) => distance(a, script) - distance(b, script) || a.duration - b.duration);
    let sum = 0;
    return sorted.filter(({ duration }, index) => (sum += duration) <= budget || index === 0);
  }
}

function distance({ file }, script) {
  const [name] = script.slice('dist/src/'.length).split('.');
  if (file.includes(`/${name}.`)) return 0;
  return file.startsWith(`dist/test/${name.split('/')[0]}/`) ? 1 : 2;
}

export async function reachOf(sandboxes) {
  const tests = sandboxes[0].tests().filter(file => !others.test(file));
  const reach = new Reach();
  await inParallel(tests, sandboxes, async (file, sandbox) => {
    const found = await observe(file, sandbox);
    if (found === undefined) console.log(`${file} fails as it is, and is left out`);
    else reach.add(found);
  });
  return reach;
}

async function observe(file, sandbox) {
  const folder = await mkdtemp(join(tmpdir(), 'reach-'));
  const tester = new Tester(sandbox.folder, { NODE_V8_COVERAGE: folder });
  const { isPassed, duration } = await tester.run([file], longest);
  await tester.stop();
  const ranges = isPassed ? await rangesIn(folder, pathToFileURL(sandbox.folder).href) : undefined;
  await rm(folder, { recursive: true });
  return isPassed ? { file, duration, ranges } : undefined;
}

/** By script: where V8 counted how often. */
async function rangesIn(folder, base) {
  const ranges = new Map();
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), 'utf8'));
    for (const { url, functions } of result.filter(script => script.url.startsWith(`${base}/dist/src/`))) {
      const script = url.slice(base.length + 1);
      ranges.set(script, [...(ranges.get(script) ?? []), ...functions.flatMap(one => one.ranges)]);
    }
  }
  return ranges;
}

// The innermost range around a place has its count.
function isRun(ranges, position) {
  const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= position && position < endOffset);
  const size = ({ startOffset, endOffset }) => endOffset - startOffset;
  const least = Math.min(...around.map(size));
  return around.some(range => size(range) === least && range.count > 0);
}
