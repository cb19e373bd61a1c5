import { TestIssuer } from 'axioms-routing-controllers/testing';

async function main() {
  const issuer = await new TestIssuer().listen();
  process.env.AXIOMS_AUDIENCE = issuer.audience;
  process.env.AXIOMS_ISS_URL = issuer.url;
  await import('./app.js');
  console.log(`TOKEN=${issuer.token({ sub: 'alice', exp: issuer.seconds() + 3600 })}`);
}

void main();

export {};