/** `axioms completion`: a script that lets the shell complete commands, options and files. */
import { parseArgs } from 'node:util';
import type { Command } from './command';
import { UsageError } from './usage-error';

interface Completed {
  readonly words: readonly string[];
  readonly flags: readonly string[];
}

type Shell = (commands: readonly Completed[]) => string;

/** @param commands returns all commands, this one included */
export function completionOf(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    options: {},
    usage: `completion ${Object.keys(shells).join('|')}`,
    summary: 'A script for this shell that completes commands, options and files. Load it where the shell starts.',
    run(parameters, terminal) {
      const { positionals } = parseArgs({ args: [...parameters], options: {}, allowPositionals: true });
      const [shell = '', ...others] = positionals;
      if (!Object.hasOwn(shells, shell) || others.length > 0)
        throw new UsageError(`Name one shell: ${Object.keys(shells).join(', ')}.`);
      terminal.write((shells[shell] as Shell)(commands().map(completed)));
      return Promise.resolve(0);
    },
  };
}

function completed({ name, options }: Command): Completed {
  const flags = ['help', ...Object.keys(options)].map(flag => `--${flag}`);
  return { words: name === 'completion' ? [name, Object.keys(shells).join(' ')] : name.split(' '), flags };
}

const shells: Readonly<Record<string, Shell>> = { bash, zsh, fish };

// The first words without repetition: `token` and `keys` have a second one.
function firstWords(commands: readonly Completed[]): string {
  return [...new Set(commands.map(({ words: [first = ''] }) => first))].join(' ');
}

function bash(commands: readonly Completed[]): string {
  return `_axioms() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=
  if [ "$COMP_CWORD" -eq 1 ]; then words='${firstWords(commands)} --help --version'
  else case "\${COMP_WORDS[1]}" in
${casesOf(commands)}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _axioms axioms
`;
}

function casesOf(commands: readonly Completed[]): string {
  return commands
    .map(({ words: [first = '', second], flags }) => {
      const later = flags.join(' ');
      const words = second === undefined ? later : `$([ "$COMP_CWORD" -eq 2 ] && echo '${second}' || echo '${later}')`;
      return `    ${first}) words="${words}" ;;`;
    })
    .join('\n');
}

// zsh runs the functions of bash.
function zsh(commands: readonly Completed[]): string {
  return `autoload -Uz bashcompinit && bashcompinit\n${bash(commands)}`;
}

function fish(commands: readonly Completed[]): string {
  const first = `complete -c axioms -n __fish_use_subcommand -f -a '${firstWords(commands)}'`;
  return `${[first, ...commands.flatMap(fishLines)].join('\n')}\n`;
}

function fishLines({ words: [first = '', second], flags }: Completed): readonly string[] {
  const seen = `-n '__fish_seen_subcommand_from ${first}'`;
  return [
    ...(second === undefined ? [] : [`complete -c axioms ${seen} -f -a '${second}'`]),
    ...flags.map(flag => `complete -c axioms ${seen} -l ${flag.slice('--'.length)}`),
  ];
}
