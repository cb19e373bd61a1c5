/** A .cpuprofile as time by function and by whose code it is. */

export function selfTimes({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map(node => [node.id, node.callFrame]));
  const functions = new Map();
  samples.forEach((id, index) => count(functions, byId.get(id), timeDeltas[index]));
  const list = sorted([...functions.values()]).filter(({ owner }) => owner !== 'idle');
  return { functions: list, owners: sorted(byOwner(list)) };
}

function count(functions, { functionName, url, lineNumber }, micros) {
  const name = `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`;
  const known = functions.get(name) ?? { name, owner: ownerOf(url, functionName), micros: 0 };
  functions.set(name, { ...known, micros: known.micros + micros });
}

function ownerOf(url, functionName) {
  if (url.includes('/dist/src/')) return 'ours';
  const [, dependency] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (dependency !== undefined) return dependency;
  if (functionName === '(idle)') return 'idle';
  return url.startsWith('node:') ? 'node' : functionName.replace(/^[^(].*/, 'native');
}

function byOwner(list) {
  const sums = new Map();
  for (const { owner, micros } of list) sums.set(owner, (sums.get(owner) ?? 0) + micros);
  return [...sums].map(([name, micros]) => ({ name, micros }));
}

function sorted(list) {
  return list.sort((a, b) => b.micros - a.micros);
}
