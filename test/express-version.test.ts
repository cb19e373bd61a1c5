import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { expect } from 'chai';

const root = resolve(__dirname, '../..');
const hook = join(root, 'test/express-version.cjs');

function majorOf(EXPRESS: string, script: string): string {
  const env = { ...process.env, NODE_OPTIONS: '', EXPRESS };
  const version = execFileSync(process.execPath, ['--require', hook, '-p', script], { cwd: root, env }).toString();
  return version.split('.')[0] ?? '';
}

describe('the version of Express that is tested', () => {
  it('is the one that the environment asks for', () => {
    const script = "require('express/package.json').version";
    expect([majorOf('', script), majorOf('4', script), majorOf('5', script)]).to.deep.equal(['5', '4', '5']);
  });

  it('is that of the library, too', () => {
    const script =
      "Object.keys(require.cache).length; require('./dist/src'); require(Object.keys(require.cache).map(path => /.*node_modules.express4?(?=.index.js$)/.exec(path)?.[0]).find(Boolean) + '/package.json').version";
    expect([majorOf('', script), majorOf('4', script)]).to.deep.equal(['5', '4']);
  });
});
