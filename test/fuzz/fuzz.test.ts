/** A few cases for every target with each run of the tests, and what the fuzzer itself does. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { fuzz, type Found, type Fuzzing } from './fuzz';
import { parsedOrRefused, target, type Target } from './target';
import { targets } from './targets';

describe('the fuzzer', function () {
  this.timeout(60_000);

  let folder: string;
  let said: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
    said = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function run(given: Partial<Fuzzing>): Promise<readonly Found[]> {
    const stateFile = join(folder, 'state.json');
    const say = (text: string): number => said.push(text);
    const usual = { targets: [], seed: 'test', minutes: 0, stateFile, resumes: false, clock: () => 0, say };
    return fuzz({ ...usual, ...given });
  }

  for (const one of targets)
    it(`finds nothing with ${one.name}`, async () => {
      const found = await run({ targets: [one], batch: 0 });
      expect(found, said.join('\n')).to.deep.equal([]);
    });

  const planted: Target = target('planted', fc.nat(), number => {
    expect(number).to.be.below(1_000_000);
  });
  const sound: Target = target('sound', fc.nat(), number => number);

  it('finds a planted fault, and says its seed, its smallest input and how to repeat it', async () => {
    expect(await run({ targets: [planted, sound] })).to.deep.equal([{ target: 'planted', batch: 0 }]);
    const [report = ''] = said;
    expect(report).to.include('Counterexample: [1000000]').and.include('expected 1000000 to be below 1000000');
    expect(report).to.include("npm run fuzz -- --seed test --batch 0 --only 'planted'");
    const [repeated] = await run({ targets: [planted], batch: 0 });
    expect(repeated).to.deep.equal({ target: 'planted', batch: 0 });
    expect(said.at(-1)).to.equal(report);
  });

  function recording(inputs: number[]): Target {
    return target('recording', fc.nat(), number => inputs.push(number));
  }

  it('makes the same inputs of the same seed, and others of another seed and in another batch', async () => {
    const inputsOf = async (given: Partial<Fuzzing>): Promise<readonly number[]> => {
      const inputs: number[] = [];
      await run({ targets: [recording(inputs)], ...given });
      return inputs;
    };
    const first = await inputsOf({ batch: 0 });
    expect(await inputsOf({ batch: 0 })).to.deep.equal(first);
    expect(await inputsOf({ batch: 1 })).not.to.deep.equal(first);
    expect(await inputsOf({ batch: 0, seed: 'other' })).not.to.deep.equal(first);
  });

  it('runs until the time is up, and resumes behind the last finished batch', async () => {
    let minutes = 0;
    const clock = (): number => minutes++ * 60_000;
    const [early, late]: [number[], number[]] = [[], []];
    await run({ targets: [recording(early)], minutes: 2, clock });
    expect(early).to.have.lengthOf(400);
    expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))).to.deep.equal({ finished: 2 });
    await run({ targets: [recording(late)], resumes: true });
    const third: number[] = [];
    await run({ targets: [recording(third)], batch: 2 });
    expect(late).to.deep.equal(third).and.not.to.deep.equal(early.slice(0, 200));
  });

  it('reports an error of another class, and a parser that takes long', () => {
    const wrong = (): never => {
      throw new TypeError('not a refusal');
    };
    const slow = (): void => {
      const end = process.cpuUsage().user + 600_000;
      do /a*a*a*b/.test('a'.repeat(300));
      while (process.cpuUsage().user < end);
    };
    const parsing = (parse: () => unknown) => (): unknown => parsedOrRefused(RangeError, parse);
    expect(parsing(wrong)).to.throw(TypeError, 'not a refusal');
    expect(parsing(slow)).to.throw('milliseconds that the parser took');
    expect(parsedOrRefused(TypeError, wrong as () => unknown)).to.equal(undefined);
  });
});
