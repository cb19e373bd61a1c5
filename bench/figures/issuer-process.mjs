/** An issuer that can be stopped: node issuer-process.mjs <its keys as JSON> */
import { serve } from '../child.mjs';
import { startIssuer } from '../issuer.mjs';

const { url, jwksUrl } = await startIssuer(JSON.parse(process.argv[2]).map(jwk => ({ jwk })));
serve(() => ({}));
process.send({ url, jwksUrl, pid: process.pid });
