/** An example of docs/testing.md, which mocha runs as it is printed. */
// #region example
import assert from 'node:assert';
import { Get, JsonController } from 'routing-controllers';
import { createExpressServer } from 'axioms-routing-controllers';
import { TestIssuer } from 'axioms-routing-controllers/testing';

@JsonController('/status')
class StatusController {
  @Get('/')
  show() {
    return { up: true };
  }
}

const warnings: string[] = [];
const ignored = () => undefined;
const logger = { debug: ignored, info: ignored, warn: (text: string) => warnings.push(text), error: console.error };

it('starts without a warning about the controller', () => {
  const axioms = { ...new TestIssuer().settings(), logger };
  createExpressServer({ controllers: [StatusController], axioms });
  assert.ok(!warnings.some(text => text.includes(StatusController.name)), warnings.join('\n'));
});
// #endregion example
