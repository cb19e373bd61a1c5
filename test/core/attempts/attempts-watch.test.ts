import { expect } from 'chai';
import { ImproperlyConfigured, ServiceUnavailable, Throttled, type SignInAttempts } from 'axioms-routing-controllers';
import { AttemptsWatch } from '../../../src/core/attempts/attempts-watch';
import { RecordingLogger } from '../../issuer/recording-logger';

const fine = () => Promise.resolve();
const attempts: SignInAttempts = { longestDelay: 0, begin: fine, succeeded: fine, undecided: fine };

describe('the watch over the counting of sign-ins', () => {
  let logger: RecordingLogger;
  let watch: AttemptsWatch;
  beforeEach(() => {
    logger = new RecordingLogger();
    watch = new AttemptsWatch(logger);
  });

  async function outcomeOf(step: () => Promise<unknown>): Promise<unknown> {
    return watch.begin(attempts, step).catch((error: unknown) => error);
  }

  it('passes on a mistake in the configuration as it is: it is no outage', async () => {
    const mistake = new ImproperlyConfigured('wrong');
    expect(await outcomeOf(() => Promise.reject(mistake))).to.equal(mistake);
    expect(logger.text('error')).to.equal('');
  });

  it('takes any other error for an outage, and says so once until it works again', async () => {
    const away = () => Promise.reject(new Error('connect ECONNREFUSED'));
    for (let times = 0; times < 3; times++) expect(await outcomeOf(away)).to.be.instanceOf(ServiceUnavailable);
    expect(logger.entries.map(({ level }) => level)).to.deep.equal(['error']);
    await watch.begin(attempts, fine);
    await watch.begin(attempts, fine);
    expect(logger.entries.map(({ level }) => level)).to.deep.equal(['error', 'info']);
  });

  it('takes a refusal for an answer, and not an outage that the store itself reports', async () => {
    await outcomeOf(() => Promise.reject(new Error('away')));
    await outcomeOf(() => Promise.reject(new ServiceUnavailable()));
    expect(logger.entries.map(({ level }) => level)).to.deep.equal(['error']);
    const refusal = new Throttled(3);
    expect(await outcomeOf(() => Promise.reject(refusal))).to.equal(refusal);
    expect(logger.entries.map(({ level }) => level)).to.deep.equal(['error', 'info']);
  });

  it('goes on with an outage while another part of the store is away', async () => {
    await outcomeOf(() => Promise.reject(new Error('away')));
    await watch.begin({ ...attempts, isAway: true }, fine);
    expect(logger.entries.map(({ level }) => level)).to.deep.equal(['error']);
  });
});
