import { expect } from 'chai';
import { codeOf, isRefusedWrite } from '../../src/redis/causes';

describe('the code of an error of Redis', () => {
  for (const [message, code] of [
    ["CROSSSLOT Keys in request don't hash to the same slot", 'CROSSSLOT'],
    ["READONLY You can't write against a read only replica. script: 3b1a, on @user_script:2.", 'READONLY'],
    ['ERR Error running script (call to f_3b1a): @user_script:2: @user_script: 2: -OOM command not allowed', 'OOM'],
    ['NOAUTH Authentication required.', 'NOAUTH'],
    ['ERR Protocol error: unauthenticated multibulk length', 'NOAUTH'],
    ['Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN The cluster is down', 'CLUSTERDOWN'],
    ['Too many Cluster redirections. Last error: Error: Connection is closed.', undefined],
    ['invalid name: GED is unknown', undefined],
    ['Socket closed unexpectedly', undefined],
  ] as const)
    it(`is ${code} for "${message.slice(0, 60)}"`, () => {
      expect(codeOf(new Error(message))).to.equal(code);
    });

  it('is the code of Node if there is one, and nothing for what is no error', () => {
    expect(codeOf(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))).to.equal('ECONNREFUSED');
    expect(codeOf('READONLY text')).to.equal(undefined);
  });

  it('tells a refused write from an outage', () => {
    const refused = ['OOM command not allowed', 'MISCONF Redis is configured', 'NOREPLICAS Not enough'];
    for (const message of refused) expect(isRefusedWrite(new Error(message)), message).to.equal(true);
    for (const message of ['READONLY You', 'gone']) expect(isRefusedWrite(new Error(message)), message).to.equal(false);
  });
});
