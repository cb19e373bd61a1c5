/** With EXPRESS=4 in the environment `require('express')` means Express 4, outside of packages. For `--require`, of mocha or of Node. */
const Module = require('node:module');
const { sep } = require('node:path');

const wanted = { 4: 'express4' }[process.env.EXPRESS];
const resolve = Module._resolveFilename;

if (wanted !== undefined)
  Module._resolveFilename = function (name, parent, ...others) {
    const isOfPackage = parent?.filename?.includes(`${sep}node_modules${sep}`) === true;
    const meant = isOfPackage ? name : name.replace(/^express(?=$|\/)/, wanted);
    return resolve.call(this, meant, parent, ...others);
  };
