/** The mutants of the compiled files, told in terms of the sources. */
import { readdirSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { mutationsOf } from './mutations.mjs';

export async function readMutants(sandbox, rooms) {
  const scripts = rooms.flatMap(room => scriptsOf(sandbox, room));
  return (await Promise.all(scripts.map(script => mutantsOf(sandbox, script)))).flat();
}

function scriptsOf(sandbox, room) {
  const names = readdirSync(sandbox.path(`dist/src/${room}`), { recursive: true });
  return names.filter(name => name.endsWith('.js')).map(name => `dist/src/${room}/${name}`);
}

async function mutantsOf(sandbox, script) {
  const text = await sandbox.read(script);
  const map = new SourceMap(JSON.parse(await sandbox.read(`${script}.map`)));
  const file = script.replace('dist/src/', '').replace(/js$/, 'ts');
  const nameOnce = onceEach();
  return mutationsOf(text).map(({ start, end, replacement, place, isCheck, runs, words }) => ({
    script,
    file,
    runs,
    isCheck,
    line: lineOf(map, text, start),
    name: nameOnce(`${file} ${place}: ${words ?? change(text.slice(start, end), replacement)}`),
    text: text.slice(0, start) + replacement + text.slice(end),
  }));
}

/** A name that comes again gets a number: it stays what it is wherever the lines move. */
function onceEach() {
  const times = new Map();
  return name => {
    const count = (times.get(name) ?? 0) + 1;
    times.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  };
}

function change(code, replacement) {
  const after = replacement === ';' ? '' : told(replacement);
  return `${told(code)} → ${after || 'nothing'}`;
}

function lineOf(map, text, position) {
  const before = text.slice(0, position).split('\n');
  return (map.findEntry(before.length - 1, before.at(-1).length).originalLine ?? 0) + 1;
}

// As the source has it: one line, and without what the compiler makes of imports.
function told(code) {
  const plain = code.replace(/\(0, (?:\w+_\d+\.)+(\w+)\)/g, '$1').replace(/\b\w+_\d+\./g, '');
  return plain.replace(/\s+/g, ' ').trim();
}
