/** A process of its own: serves two requests, closes, and tells what is left. */
import 'reflect-metadata';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Get, JsonController } from 'routing-controllers';
import { createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { audience } from '../issuer/test-issuer';

@JsonController('/papers')
class PaperController {
  @Get('/') list() {
    return [];
  }
}

async function main([issuerUrl = '', token = '']: readonly string[]): Promise<void> {
  const app = createExpressServer({ controllers: [PaperController], axioms: { audience, issuerUrl } });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/papers`;
  const statuses: number[] = [];
  for (const headers of [{}, { Authorization: `Bearer ${token}` }] as Record<string, string>[]) {
    const response = await fetch(url, { headers: { ...headers, Connection: 'close' } });
    await response.text();
    statuses.push(response.status);
  }
  server.close();
  (app.locals.axioms as AxiomsServer).close();
  await once(server, 'close');
  process.once('beforeExit', () => {
    process.stdout.write(JSON.stringify({ statuses, resources: process.getActiveResourcesInfo() }));
  });
}

void main(process.argv.slice(2));
