import { AccessTokenVerifier, JwksManager, not, or } from 'axioms-routing-controllers';
import { Container } from 'typedi';
const manager = Container.get(JwksManager);
console.log(manager.status()); // per issuer: keys, last success, last error, next refresh, stale or not

async function subjectOf(token: string) {
  const { claims } = await Container.get(AccessTokenVerifier).verify(token);
  return claims.sub;
}

export {};