/** The settings of docs/providers.md against the compiler. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { documentedSettings, root, snippets } from '../providers/documented-settings';

describe('the snippets of docs/providers.md', () => {
  it('compile, and a setting that does not exist beside them does not', function () {
    this.timeout(120_000);
    const folder = join(root, 'test/.providers');
    const file = join(folder, 'snippets.ts');
    mkdirSync(folder, { recursive: true });
    try {
      const imports = "import type { SettingsInput } from 'axioms-routing-controllers';";
      const wrong = 'const nonsense: SettingsInput = { nonsense: 1 };';
      const names = `export { ${[...documentedSettings.keys()].join(', ')}, nonsense };`;
      writeFileSync(file, [imports, ...snippets, wrong, names].join('\n'));
      const errors = errorsIn(file).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
      expect(errors).to.have.lengthOf(1);
      expect(errors[0]).to.include("'nonsense' does not exist");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function errorsIn(file: string): readonly ts.Diagnostic[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), name => ts.sys.readFile(name)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([file], {
    ...options,
    noEmit: true,
    incremental: false,
    tsBuildInfoFile: undefined,
  });
  return ts.getPreEmitDiagnostics(program);
}
