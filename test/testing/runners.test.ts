import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const mocha = join(require.resolve('mocha/package.json'), '../bin/mocha.js');
const runners = {
  'node:test': ['--test', '--test-reporter=tap', join(__dirname, 'runners/node-test.js')],
  mocha: [mocha, '--no-config', '--timeout', '60000', '--reporter', 'tap', join(__dirname, 'runners/mocha.js')],
};

interface Run {
  readonly code: number | null;
  readonly output: string;
}

// The suite's own process: it must end by itself, and what it prints is what a user sees.
function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  // A runner inside of a runner would report to it.
  const child = spawn(process.execPath, args, { env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise(done => {
    child.on('close', code => {
      done({ code, output });
    });
  });
}

describe('the test kit', function () {
  this.timeout(60_000);

  for (const [name, args] of Object.entries(runners)) {
    it(`works in ${name}, and the process ends`, async () => {
      const { code, output } = await run(args);
      expect(code, output).to.equal(0);
      const passed = output.match(
        /^ *ok \d+ .*(answers every caller|refuses every forged|knows a forced|knows whose)/gm,
      );
      expect(passed, output).to.have.length(4);
      expect(output).to.include('forceAuthenticate() is on');
    });

    it(`fails in ${name} where the app is not as it should be, and says how`, async () => {
      const { code, output } = await run(args, { SUITE_IS_WRONG: 'yes' });
      expect(code, output).not.to.equal(0);
      expect(output).to.match(/not ok \d+ .*answers every caller/);
      expect(output).to.match(/GET \/books +anonymous +200 +401/);
    });
  }

  it('names no test runner', () => {
    const folder = resolve(__dirname, '../../../src/testing');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
    const sources = files.map(name => readFileSync(join(folder, name), 'utf8').replace(/\/\*\*[^]*?\*\//g, ''));
    expect(files.length).to.be.greaterThan(10);
    expect(sources.filter(source => /\b(?:mocha|chai|jest|vitest|supertest|node:test)\b/.test(source))).to.deep.equal(
      [],
    );
  });
});
