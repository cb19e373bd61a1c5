import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { withoutPlainWarning } from '../../plain';

interface Ran {
  readonly printed: readonly string[];
  readonly warned: string;
}

async function run(scenario: string): Promise<Ran> {
  return new Promise(found => {
    const script = resolve(__dirname, '../stock-process.js');
    execFile(process.execPath, [script, scenario], (_ended, stdout, stderr) => {
      found({ printed: stdout.split('\n').slice(0, -1), warned: withoutPlainWarning(stderr) });
    });
  });
}

/** The warning, printed once, about exactly these controllers. */
function expectWarning({ warned }: Ran, ...controllers: string[]): void {
  expect(warned.match(/made by 'routing-controllers' itself/g)).to.have.lengthOf(1);
  expect(warned).to.match(/^axioms: .*'axioms-routing-controllers'.*'stockServers' \(AXIOMS_STOCK_SERVERS\)/);
  expect(warned.match(/\w+Controller\b/g)).to.deep.equal(controllers);
}

describe("the warning about routing-controllers' own servers", function () {
  this.timeout(60_000);

  it('names, once, all controllers that such servers serve alone', async () => {
    expectWarning(await run('alone'), 'OneController', 'TwoController');
  });

  it('comes although the process ends at once', async () => {
    expectWarning(await run('end at once'), 'OneController');
  });

  it('comes with the first request, and not again for a later server', async () => {
    const ran = await run('requests and later servers');
    expectWarning(ran, 'OneController');
    expect(ran.printed).to.deep.equal(['200', '200', '200']);
  });

  it('comes without a request', async () => {
    expectWarning(await run('time alone'), 'OneController');
  });

  for (const scenario of ['ours before', 'ours after', 'ours after a wait', 'without the library'])
    it(`does not come where a server of ours serves the controllers, or there is no library: ${scenario}`, async () => {
      expect((await run(scenario)).warned).to.equal('');
    });

  it('names only the controllers that no server of ours serves', async () => {
    expectWarning(await run('ours beside'), 'OneController');
  });

  it('goes to the console, whatever the logger of a server of ours is', async () => {
    expectWarning(await run('ours with a logger'), 'OneController');
  });

  it("is turned off by stockServers: 'expected', which lets no rule pass", async () => {
    const { printed, warned } = await run('expected');
    expect(printed[0]).to.equal('200');
    expect(printed[1]).to.match(/^Rules\.permissionClasses would not be obeyed/);
    expect(warned).to.equal('');
  });

  it('comes where the controllers were only audited, or a server of ours with them did not start', async () => {
    expectWarning(await run('an audit'), 'OneController');
    const ran = await run('a server of ours that does not start');
    expectWarning(ran, 'OneController');
    expect(ran.printed[0]).not.to.equal('started');
  });

  for (const [scenario, refused] of [
    ['the decorators alone', 'The rules of DecoratedController'],
    ['the throttles alone', 'ThrottledController.throttleClasses'],
  ] as const)
    it(`comes, and rules are refused, where an app loads ${scenario}`, async () => {
      const ran = await run(scenario);
      expect(ran.printed).to.have.lengthOf(1);
      expect(ran.printed[0]).to.include(`${refused} would not be obeyed`);
      expectWarning(ran, 'OneController');
    });
});
