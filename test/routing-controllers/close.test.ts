import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { Api } from '../api';
import { TestIssuer } from '../issuer/test-issuer';
import { withoutPlainWarning } from '../plain';

@JsonController('/papers')
class PaperController {
  @Get('/') list() {
    return [];
  }
}

describe('close()', () => {
  it('lets the process end by itself, with nothing on stderr', async () => {
    const issuer = await TestIssuer.start();
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [join(__dirname, 'closing-server.js'), issuer.url, issuer.token()],
      { timeout: 15_000 },
    );
    await issuer.close();
    expect(withoutPlainWarning(stderr)).to.equal('');
    const { statuses, resources } = JSON.parse(stdout) as { statuses: number[]; resources: string[] };
    expect(statuses).to.deep.equal([401, 200]);
    expect(resources.filter(name => /Timeout|Immediate|TCP/.test(name))).to.deep.equal([]);
  });

  it('may be said twice, and before the keys were ever fetched', async () => {
    const api = await Api.start({ controllers: [PaperController] });
    api.server.close();
    api.server.close();
    await api.close();
  });
});
