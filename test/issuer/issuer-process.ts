/** A program of its own: an issuer that can be stopped. It tells its URL, and publishes the keys that it is sent. */
import { ScriptedIssuer, type Jwk } from './scripted-issuer';

async function main(): Promise<void> {
  const issuer = await ScriptedIssuer.start();
  process.on('message', keys => {
    issuer.keys = keys as Jwk[];
    process.send?.('published');
  });
  process.once('disconnect', () => {
    process.exit();
  });
  process.send?.(issuer.url);
}

void main();
