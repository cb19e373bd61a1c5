/** Other copies of the package in this process: in a node_modules folder of their own, or the same files loaded again. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const packageRoot = realpathSync(resolve(__dirname, '../..'));

const { version: ownVersion, ...manifest } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  readonly version: string;
};
export { ownVersion };

/** What a copy exports. */
export interface OtherCopy {
  readonly root: typeof import('axioms-routing-controllers');
  readonly decorators: typeof import('axioms-routing-controllers/decorators');
  readonly throttling: typeof import('axioms-routing-controllers/throttling');
}

export interface SecondCopy extends OtherCopy {
  /** The package's folder. */
  readonly path: string;
  remove(): void;
}

/** Copies what is built, as npm does where versions do not fit together. All copies share Express, routing-controllers and typedi. */
export function secondCopy(version: string): SecondCopy {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'second-copy-')));
  const path = join(folder, 'app/node_modules/axioms-routing-controllers');
  mkdirSync(path, { recursive: true });
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(packageRoot, 'dist/src'), join(path, 'dist/src'), { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ ...manifest, version }));
  const remove = (): void => {
    rmSync(folder, { recursive: true });
  };
  return { path, remove, ...load(createRequire(join(folder, 'app/index.js'))) };
}

/** Loads the same files again, as a test runner does that resets its modules. */
export function loadedAgain(): OtherCopy {
  const first = takeOurs();
  try {
    return load(require);
  } finally {
    takeOurs();
    for (const [name, loaded] of first) require.cache[name] = loaded;
  }
}

function takeOurs(): readonly (readonly [name: string, loaded: NodeJS.Module | undefined])[] {
  const names = Object.keys(require.cache).filter(name => name.startsWith(join(packageRoot, 'dist/src/')));
  const taken = names.map(name => [name, require.cache[name]] as const);
  for (const name of names) Reflect.deleteProperty(require.cache, name);
  return taken;
}

function load(require: NodeJS.Require): OtherCopy {
  return {
    root: require('axioms-routing-controllers') as OtherCopy['root'],
    decorators: require('axioms-routing-controllers/decorators') as OtherCopy['decorators'],
    throttling: require('axioms-routing-controllers/throttling') as OtherCopy['throttling'],
  };
}
