import { expect } from 'chai';
import { Controller, Get, JsonController } from 'routing-controllers';
import { AllowAny, type SettingsInput } from 'axioms-routing-controllers';
import { Api } from '../api';
import { inEnvironment } from '../environment';
import { RecordingLogger } from '../issuer/recording-logger';

@JsonController('/json')
class JsonFailures {
  permissionClasses = [AllowAny];
  @Get('/') list(): never {
    throw new Error('out of order');
  }
}

@Controller('/text')
class TextFailures {
  permissionClasses = [AllowAny];
  @Get('/') list(): never {
    throw new Error('out of order');
  }
}

describe('development and production', () => {
  async function started(name: string | undefined, axioms?: Partial<SettingsInput>, development?: true) {
    const logger = new RecordingLogger();
    const api = await inEnvironment(name, () =>
      Api.start({
        controllers: [JsonFailures, TextFailures],
        axioms: { logger, ...axioms },
        ...(development ? { development } : {}),
      }),
    );
    return { api, logger };
  }

  for (const name of ['production', 'Production', ' production', 'prod', 'staging', 'ci', ''])
    it(`turns explain and routing-controllers' development mode off where NODE_ENV is '${name}'`, async () => {
      const { api, logger } = await started(name, { explain: true }, true);
      expect(api.server.settings.explain).to.equal(false);
      expect(logger.text('warn')).to.contain("Setting 'explain' (AXIOMS_EXPLAIN) is turned off in production");
      expect(logger.text('warn')).to.contain("Option 'development' is turned off in production");
      await inEnvironment(name, async () => {
        for (const path of ['/json', '/text']) {
          const answer = await api.as(null, 'get', path);
          expect([answer.status, answer.text.includes('.js:')]).to.deep.equal([500, false]);
        }
      });
      await api.close();
    });

  for (const name of [undefined, 'development', 'test', ' Development', 'TEST'])
    it(`leaves explain on where NODE_ENV is ${name === undefined ? 'unset' : `'${name}'`}`, async () => {
      const { api, logger } = await started(name, { explain: true }, true);
      expect(api.server.settings.explain).to.equal(true);
      expect(logger.text('warn')).to.not.contain('turned off in production');
      await api.close();
    });

  it('does not warn in production where neither was asked for', async () => {
    const { api, logger } = await started('production');
    expect(logger.text('warn')).to.not.contain('turned off in production');
    await api.close();
  });
});
