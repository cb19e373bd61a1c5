/** The startup error of an app that gives `axioms` and sets AXIOMS_* variables says that they are not read. */
import 'reflect-metadata';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  createExpressServer,
  defineSettings,
  ImproperlyConfigured,
  settingsFromEnv,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';

@JsonController('/notes')
class NoteController {
  @Get('/') list() {
    return [];
  }
}

describe('AXIOMS_* variables beside settings in code', () => {
  const variables = { AXIOMS_AUDIENCE: 'https://api.example.com', AXIOMS_DOMAIN: 'auth.example.com' };
  afterEach(() => {
    delete process.env.AXIOMS_AUDIENCE;
    delete process.env.AXIOMS_DOMAIN;
  });

  function startupError(axioms: SettingsInput): string {
    try {
      createExpressServer({ controllers: [NoteController], axioms });
    } catch (error) {
      expect(error).to.be.instanceOf(ImproperlyConfigured);
      return (error as Error).message;
    }
    throw new Error('The server has started.');
  }

  it('are named by the startup error of a setting that is missing', () => {
    process.env.AXIOMS_AUDIENCE = variables.AXIOMS_AUDIENCE;
    const message = startupError({ throttleRates: { user: '100/hour' } });
    expect(message)
      .to.contain("Setting 'audience' (AXIOMS_AUDIENCE) is missing")
      .and.to.match(
        /AXIOMS_\* variables are not read because 'axioms' is given \(AXIOMS_AUDIENCE is set\): spread what settingsFromEnv\(\) returns/,
      );
  });

  it('are named for the issuer, too', () => {
    process.env.AXIOMS_DOMAIN = variables.AXIOMS_DOMAIN;
    expect(startupError({ audience: 'https://api.example.com' })).to.contain('(AXIOMS_DOMAIN is set)');
  });

  it('are not named where they are not set, or where the setting is given and wrong', () => {
    expect(startupError({})).not.to.contain('not read');
    process.env.AXIOMS_DOMAIN = variables.AXIOMS_DOMAIN;
    expect(startupError({ audience: 'https://api.example.com', domain: '' })).not.to.contain('not read');
  });

  it('are joined with settings in code by settingsFromEnv()', () => {
    Object.assign(process.env, variables);
    const axioms = { ...settingsFromEnv(process.env), jwksPrefetch: false, throttleRates: { user: '100/hour' } };
    const { locals } = createExpressServer({ controllers: [NoteController], axioms });
    const { settings, close } = locals.axioms as AxiomsServer;
    close();
    expect(settings.audience).to.deep.equal(defineSettings(axioms).audience);
  });
});
