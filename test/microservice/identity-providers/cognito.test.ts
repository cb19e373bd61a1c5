import { expect } from 'chai';
import { MemoryUserStore } from '../../../src/microservice/users/memory-user-store';
import { IdentityProvider } from '../../../src/microservice/identity-providers/identity-provider';
import { SocialExchange } from '../../../src/microservice/identity-providers/social-exchange';
import { silentLogger } from '../../issuer/test-issuer';
import { CognitoPool, type CognitoTokens } from './cognito-pool';
import { refusalOf } from './provider-fixture';

describe('tokens of cognito-local', function () {
  this.timeout(60_000);

  let pool: CognitoPool;
  let tokens: CognitoTokens;
  let others: CognitoTokens;

  before(async () => {
    pool = await CognitoPool.start();
    await pool.addUser('ged@example.com', 'Sparrowhawk-1');
    await pool.addUser('tenar@example.com', 'Arha-12345');
    tokens = await pool.signIn('ged@example.com', 'Sparrowhawk-1');
    others = await pool.signIn('tenar@example.com', 'Arha-12345');
  });
  after(() => pool.close());

  function exchangeFor(clientId: string, userPool = pool.id): SocialExchange {
    const { endpoint } = pool;
    const provider = new IdentityProvider(
      { provider: 'aws', region: 'eu-central-1', userPool, clientId, endpoint },
      { logger: silentLogger },
    );
    return new SocialExchange([provider], new MemoryUserStore(), { logger: silentLogger });
  }

  it('are exchanged for a user, the same one each time', async () => {
    const exchange = exchangeFor(pool.clientId);
    const user = await exchange.exchange({ ...tokens });
    expect(user).to.include({ email: 'ged@example.com' });
    expect((await exchange.exchange({ id_token: tokens.id_token })).id).to.equal(user.id);
    expect((await exchange.exchange({ ...others })).id).not.to.equal(user.id);
  });

  it('are refused one for the other, those of another person, and those for another client or pool', async () => {
    const { id_token, access_token, refresh_token } = tokens;
    const exchange = exchangeFor(pool.clientId);
    for (const [body, reason] of [
      [{ id_token: access_token }, 'token_kind'],
      [{ id_token: refresh_token }, 'token_key'],
      [{ id_token, access_token: id_token }, 'token_kind'],
      [{ id_token, access_token: refresh_token }, 'token_key'],
      [{ id_token, access_token: others.access_token }, 'token_subject'],
      [{ id_token: `${id_token.slice(0, -8)}AAAAAAAA` }, 'token_signature'],
    ] as const)
      expect(await refusalOf(exchange.exchange(body))).to.equal(reason);
    expect(await refusalOf(exchangeFor('another-client').exchange({ id_token }))).to.equal('token_audience');
    expect(await refusalOf(exchangeFor(pool.clientId, 'other_1').exchange({ id_token }))).to.equal('token_issuer');
  });
});
