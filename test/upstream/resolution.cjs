/**
 * What upstream's tests import: routing-controllers as it is installed here, with this library's servers if that is
 * wanted, and the wanted Express. They, this library and routing-controllers share one copy of whatever holds metadata.
 */
const Module = require('node:module');
const { join, sep } = require('node:path');

const expresses = { 4: 'express4', 5: 'express' };
const shared = /^(?:class-transformer|class-validator|typedi|reflect-metadata)(?:$|\/)/;
const original = Module._resolveFilename;

/** @param folder of the compiled tests; @param server 'stock' or 'ours' */
exports.resolveLikeAnApp = ({ root, folder, packages, express, server }) => {
  const upstream = join(root, 'node_modules/routing-controllers');
  const index = join(__dirname, { stock: 'stock-index.cjs', ours: 'our-index.cjs' }[server]);
  const startsIn = (parent, place) => parent?.filename?.startsWith(place + sep) === true;

  const candidates = (name, parent) => {
    const ofTest = startsIn(parent, folder);
    const ofUpstream = startsIn(parent, join(upstream, 'cjs'));
    if (!ofTest && !ofUpstream && !startsIn(parent, join(root, 'dist'))) return [];
    if (/^express(?:$|\/)/.test(name)) return [[name.replace('express', expresses[express]), root]];
    if (ofUpstream) return [[name], [name, packages]];
    if (!ofTest) return [];
    const [, source] = /^(?:\.{1,2}\/)+src(?:\/(.*))?$/.exec(name) ?? [name];
    if (/^\.[./]*\/src(?:\/index)?$/.test(name)) return [[index]];
    if (source !== undefined) return [[join(upstream, 'cjs', source)]];
    return shared.test(name)
      ? [[name, root]]
      : [
          [name, packages],
          [name, root],
        ];
  };

  Module._resolveFilename = function (name, parent, ...others) {
    for (const [other, place] of candidates(name, parent)) {
      try {
        return original.call(this, other, parent, false, place === undefined ? undefined : { paths: [place] });
      } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
      }
    }
    return original.call(this, name, parent, ...others);
  };
};
