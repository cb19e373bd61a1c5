import { expect } from 'chai';
import { isDevelopment } from '../../../src/core/process/development';
import { inEnvironment } from '../../environment';

describe('isDevelopment', () => {
  for (const name of [undefined, 'development', 'test', 'Development', 'TEST', ' test ', '\tdevelopment\n'])
    it(`says that NODE_ENV ${name === undefined ? 'unset' : JSON.stringify(name)} is development`, () => {
      expect(inEnvironment(name, isDevelopment)).to.equal(true);
    });

  for (const name of [
    'production',
    'Production',
    ' production',
    'prod',
    'staging',
    'ci',
    'dev',
    'tests',
    'no test',
    '',
  ])
    it(`says that NODE_ENV ${JSON.stringify(name)} is production`, () => {
      expect(inEnvironment(name, isDevelopment)).to.equal(false);
    });
});
