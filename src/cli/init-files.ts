/** The files that `axioms init` writes. `test/cli/init.test.ts` compiles them, and `test/init.mjs` runs them. */
import { thisCopy } from '../core/process/copies';

const tsconfig = `{
  "compilerOptions": {
    "target": "ES2022",
    "module": "nodenext",
    "types": ["node"],
    "rootDir": "src",
    "outDir": "dist",
    "strict": true,
    "skipLibCheck": true,
    "experimentalDecorators": true,
    "emitDecoratorMetadata": true
  },
  "include": ["src"]
}
`;

const controller = `import { IsString, Length } from 'class-validator';
import { Body, Delete, Get, HttpCode, JsonController, Post } from 'routing-controllers';
import { ApiController, CurrentObject, HasAccessTokenScopes, IsSubOwner } from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';

class NewNote {
  @IsString() @Length(1, 1000) text!: string;
}

interface Note {
  readonly id: number;
  readonly user: string;
  readonly text: string;
}

const notes = new Map<number, Note>();
let lastId = 0;

@JsonController('/notes')
export class NoteController extends ApiController {
  override permissionClasses = [HasAccessTokenScopes, IsSubOwner];

  override get accessTokenScopes() {
    return this.request.method === 'GET' ? ['note:read'] : ['note:write'];
  }

  override getObject() {
    return notes.get(Number(this.request.params.id));
  }

  @Get('/')
  async list() {
    return matching(await this.authorizedFilter(), notes.values());
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() { text }: NewNote) {
    const note = { id: ++lastId, user: this.request.user?.sub ?? '', text };
    notes.set(note.id, note);
    return note;
  }

  @Get('/:id')
  retrieve(@CurrentObject() note: object) {
    return note;
  }

  @Delete('/:id')
  remove(@CurrentObject() note: { id: number }) {
    notes.delete(note.id);
    return {};
  }
}
`;

const app = `import 'reflect-metadata';
import { createExpressServer, type SettingsInput } from 'axioms-routing-controllers';
import { NoteController } from './note-controller.js';

// Without settings, the audience and the issuer come from the AXIOMS_* variables.
export function createApp(axioms?: SettingsInput) {
  return createExpressServer({ controllers: [NoteController], axioms });
}
`;

const main = `import { createApp } from './app.js';

const port = Number(process.env.PORT ?? 3000);
createApp().listen(port, () => {
  console.log(\`http://localhost:\${port}/notes\`);
});
`;

const test = `import { test } from 'node:test';
import { TestIssuer, expectAccessMatrix, expectIsolation } from 'axioms-routing-controllers/testing';
import { createApp } from './app.js';

process.env.NODE_ENV = 'test';
const issuer = new TestIssuer();
const app = issuer.attachTo(createApp(issuer.settings()));
const scope = 'note:read note:write';
const alice = issuer.token({ sub: 'alice', scope });
const bob = issuer.token({ sub: 'bob', scope });
const reader = issuer.token({ sub: 'carol', scope: 'note:read' });
const expired = issuer.forge('expired', { scope });

test('every caller gets the expected status', () =>
  expectAccessMatrix(
    app,
    {
      'GET /notes': { anonymous: 401, expired: 401, reader: 200, alice: 200 },
      'POST /notes': { anonymous: 401, expired: 401, reader: 403, alice: 201 },
    },
    { tokens: { expired, reader, alice }, requests: { 'POST /notes': { body: { text: 'milk' } } } },
  ));

test('no caller sees the notes of another one', async () => {
  await expectIsolation(app, {
    callers: { alice, bob },
    seed: async ({ canary }, send) => {
      const created = await send('POST', '/notes', { text: canary });
      return { '/notes/:id': String(((await created.json()) as { id: number }).id) };
    },
  });
});
`;

const env = `# The identifier of this API at your provider, and the provider's issuer, to the letter.
AXIOMS_AUDIENCE=https://api.example.com
AXIOMS_ISS_URL=https://auth.example.com
PORT=3000
`;

// The image has no .env: give the container its variables.
const dockerfile = `FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
RUN npx tsc && npm prune --omit=dev

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
CMD ["node", "dist/main.js"]
`;

/** By their paths in the folder. */
export const initFiles: Readonly<Record<string, string>> = {
  'tsconfig.json': tsconfig,
  'src/app.ts': app,
  'src/note-controller.ts': controller,
  'src/main.ts': main,
  'src/app.test.ts': test,
  '.env': env,
  '.gitignore': 'node_modules\ndist\n.env\n',
  '.dockerignore': 'node_modules\ndist\n.env\n',
  Dockerfile: dockerfile,
};

/** What `package.json` must have. What it has already stays. */
export const packageMembers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  scripts: {
    start: 'tsc && node --env-file=.env dist/main.js',
    test: 'tsc && node --test dist/app.test.js',
  },
  dependencies: {
    'axioms-routing-controllers': `^${thisCopy.version}`,
    'class-transformer': '^0.5.1',
    'class-validator': '^0.14.4',
    express: '^5.3.0',
    'reflect-metadata': '^0.2.2',
    'routing-controllers': '^0.11.3',
    typedi: '^0.10.0',
  },
  devDependencies: {
    '@types/express': '^5.0.6',
    '@types/node': '^20.19.43',
    typescript: '~6.0',
  },
};
