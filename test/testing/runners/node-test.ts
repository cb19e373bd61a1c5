import { after, before, describe, it } from 'node:test';
import { registerSuite } from './suite';

registerSuite({
  describe: (name, body) => void describe(name, body),
  it: (name, body) => void it(name, body),
  before,
  after,
});
