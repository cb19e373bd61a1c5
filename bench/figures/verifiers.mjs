/** Verifiers of tokens, without HTTP: their issuers answer in this process. */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { audience } from '../tokens.mjs';

const require = createRequire(import.meta.url);
export const library = part => require(`../../dist/src/${part}.js`);
const { AccessTokenVerifier, defineSettings, JwksManager } = library('index');

/** @param keys by issuer: the key pairs that its set has */
export async function startVerifier(keys, others = {}) {
  const issuers = Object.keys(keys).map(issuerUrl => ({ issuerUrl, audience, jwksUrl: `${issuerUrl}/keys` }));
  const own = issuers.length === 1 ? issuers[0] : { issuers };
  const settings = defineSettings({ ...own, ...others });
  const manager = new JwksManager(settings);
  manager.fetch = async url =>
    Response.json({ keys: keys[String(url).slice(0, -'/keys'.length)].map(({ jwk }) => jwk) });
  await manager.start();
  return { settings, manager, verifier: new AccessTokenVerifier(settings, manager) };
}
