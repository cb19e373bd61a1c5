/** `axioms completion`, in the shells themselves where this machine has them. */
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { commands } from '../../src/cli/command-line';
import { ran } from './terminal';

const shells = ['bash', 'zsh', 'fish'] as const;

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

async function scriptFor(shell: string): Promise<string> {
  const { exitCode, out, err } = await ran(['completion', shell]);
  expect([exitCode, err]).to.deep.equal([0, '']);
  return out;
}

function runIn(shell: string, script: string): readonly string[] {
  const { status, stdout, stderr } = spawnSync(shell, ['-c', script], { encoding: 'utf8' });
  expect([status, stderr]).to.deep.equal([0, '']);
  return stdout.trim().split('\n');
}

/** What bash suggests for the last of these words. */
async function suggestedByBash(...words: readonly string[]): Promise<readonly string[]> {
  const line = `COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`;
  return runIn('bash', `${await scriptFor('bash')}\n${line}; _axioms; printf '%s\\n' "\${COMPREPLY[@]}"`);
}

async function suggestedByFish(line: string): Promise<readonly string[]> {
  const lines = runIn('fish', `${await scriptFor('fish')}\ncomplete -C '${line}'`);
  return lines.map(one => one.split('\t')[0] ?? '');
}

describe('axioms completion', () => {
  it('completes commands, second words and options in bash', async () => {
    expect(await suggestedByBash('axioms', 'to')).to.deep.equal(['token']);
    expect(await suggestedByBash('axioms', 'token', '')).to.deep.equal(['decode']);
    expect(await suggestedByBash('axioms', 'token', 'decode', '--v')).to.deep.equal(['--values']);
    expect(await suggestedByBash('axioms', 'routes', 'app.js', '--ch')).to.deep.equal(['--check']);
    expect(await suggestedByBash('axioms', 'completion', 'f')).to.deep.equal(['fish']);
    expect(await suggestedByBash('axioms', '--v')).to.deep.equal(['--version']);
    expect(await suggestedByBash('axioms', 'nonsense', '--')).to.deep.equal(['']);
  });

  it('suggests every option of every command in bash', async () => {
    for (const { name, options } of commands.filter(one => one.name !== 'completion')) {
      const flags = await suggestedByBash('axioms', ...name.split(' '), 'file', '--');
      expect(flags).to.have.members(['--help', ...Object.keys(options).map(option => `--${option}`)]);
    }
  });

  it('completes commands and options in fish', async function () {
    if (!has('fish')) this.skip();
    expect(await suggestedByFish('axioms to')).to.deep.equal(['token']);
    expect(await suggestedByFish('axioms routes --ch')).to.deep.equal(['--check']);
    expect(await suggestedByFish('axioms token de')).to.deep.equal(['decode']);
  });

  it('loads into zsh, and registers the command', async function () {
    if (!has('zsh')) this.skip();
    const script = `autoload -Uz compinit && compinit -u -D\n${await scriptFor('zsh')}\nprint -r -- $_comps[axioms]`;
    expect(runIn('zsh', script).join()).to.include('_axioms');
  });

  it('needs the name of one shell', async () => {
    for (const parameters of [[], ['powershell'], ['bash', 'zsh'], ['constructor']]) {
      const { exitCode, out, err } = await ran(['completion', ...parameters]);
      expect([exitCode, out]).to.deep.equal([2, '']);
      expect(err).to.include(`Name one shell: ${shells.join(', ')}.`);
    }
  });
});
