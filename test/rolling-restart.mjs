/**
 * Replaces four processes behind nginx one after another, under load, while Redis fails over to its replica:
 *
 *     npm run rolling-restart
 *
 * A good token gets its answer, or a 503 with Retry-After until two seconds after the fail-over. No revoked token is
 * accepted, and no session is lost. Needs the programs nginx and redis-server; without them nothing runs. Takes about 20
 * seconds, and exits 1 on any finding.
 */
import 'reflect-metadata';
import { missingServers } from '../dist/test/chaos/missing-servers.js';
import { Nginx } from '../dist/test/chaos/nginx.js';
import { cases, RollingRestart } from '../dist/test/chaos/rolling-restart.js';

const missing = (await missingServers()).find(({ name }) => name === 'redis');
const reason = Nginx.missing() ?? missing?.reason;
if (reason === undefined) {
  for (const one of cases) if (!(await RollingRestart.run(one))) process.exitCode = 1;
} else {
  console.log(`rolling restart: a server is missing (${reason}), so nothing runs`);
  console.log('0 passed, 0 failed, 1 skipped');
  if (missing?.isRequired) process.exitCode = 1;
}
