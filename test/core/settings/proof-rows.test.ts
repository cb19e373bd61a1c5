/** The secret of the nonces is accepted, and never shown. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { ImproperlyConfigured } from '../../../src/core/http/exceptions';
import { defineSettings, settingsFromEnv } from '../../../src/core/settings/define-settings';
import type { SettingsInput } from '../../../src/core/settings/settings';

const least: SettingsInput = { audience: 'api', issuerUrl: 'https://auth.example.com' };
const [secret, newer] = ['not-to-be-seen'.padEnd(32, '-'), 'not-to-be-seen'.padEnd(33, '!')];

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(ImproperlyConfigured);
    return (error as Error).message;
  }
  return 'accepted';
}

describe('the setting dpopNonceSecret', () => {
  it('is a secret, or two of them, of which the first makes nonces', () => {
    const of = (dpopNonceSecret: string | string[]): unknown =>
      defineSettings({ ...least, dpopNonceSecret }).dpopNonceSecret;
    expect(of(secret)).to.deep.equal([secret]);
    expect(of([newer, secret])).to.deep.equal([newer, secret]);
  });

  it('is read from AXIOMS_DPOP_NONCE_SECRET', () => {
    for (const [text, list] of [
      [secret, [secret]],
      [` ${newer}, ${secret} `, [newer, secret]],
    ] as const) {
      const input = settingsFromEnv({ AXIOMS_DPOP_NONCE_SECRET: text });
      expect(defineSettings({ ...least, ...input }).dpopNonceSecret).to.deep.equal(list);
    }
  });

  it('is not in the text of the settings', () => {
    const settings = defineSettings({ ...least, dpopNonceSecret: [newer, secret] });
    for (const text of [
      inspect(settings, { depth: 9 }),
      JSON.stringify(settings),
      JSON.stringify(Object.entries(settings)),
    ])
      expect(text).not.to.contain('not-to-be-seen');
  });

  for (const [title, wrong] of [
    ['is short', secret.slice(1)],
    ['is too long', secret.repeat(40)],
    ['has a space', `${secret} `],
    ['has a comma', `${secret},${secret}!`],
    ['has a letter beyond ASCII', `${secret}é`],
    ['has a short second one', [secret, 'not-to-be-seen']],
    ['is the same twice', [secret, secret]],
    ['has a third one', [secret, newer, `${newer}!`]],
    ['is an empty list', []],
    ['is a buffer', Buffer.from(secret)],
    ['is no text', 7],
  ] as const)
    it(`stops the start, and is not shown, if it ${title}`, () => {
      const message = refusal(() => defineSettings({ ...least, dpopNonceSecret: wrong as string }));
      expect(message).to.contain("Setting 'dpopNonceSecret' (AXIOMS_DPOP_NONCE_SECRET) is a");
      expect(message).to.contain('not shown because it may be secret; expected a secret of at least 32');
      expect(message).not.to.contain('to-be-seen');
      if (typeof wrong !== 'string' || wrong.includes(',') || wrong.endsWith(' ')) return;
      expect(refusal(() => settingsFromEnv({ AXIOMS_DPOP_NONCE_SECRET: wrong }))).not.to.contain('to-be-seen');
    });
});
