/** The site of the documentation: `npm run docs`. It needs no network, when it is built or when it is read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig, type SiteConfig } from 'vitepress';

const repository = 'https://github.com/axioms-routing-controllers/axioms-routing-controllers';

const page = (text: string, link: string) => ({ text, link: `/${link}` });

const sidebar = [
  {
    text: 'Start',
    items: [page('Tutorial', 'tutorial'), page('The demo', 'demo'), page('Moving an app here', 'migrating')],
  },
  {
    text: 'Moving from',
    collapsed: true,
    items: [
      page('@Authorized()', 'migrating/authorized'),
      page('passport-jwt', 'migrating/passport-jwt'),
      page('express-oauth2-jwt-bearer', 'migrating/express-oauth2-jwt-bearer'),
      page('Django REST framework', 'migrating/drf'),
      page('axioms-drf-py', 'migrating/axioms-drf-py'),
    ],
  },
  {
    text: 'Protect',
    items: [
      page('Protect a route', 'protect'),
      page('By method and action', 'per-action'),
      page('Authentication', 'authentication'),
      page('Permissions', 'permissions'),
      page('Decorators', 'decorators'),
      page('Ownership', 'ownership'),
      page('Lists', 'lists'),
      page('Object filters', 'object-filters'),
      page('Plain Express routes', 'plain-routes'),
      page('CORS and OPTIONS', 'cors'),
      page('Throttling', 'throttling'),
    ],
  },
  {
    text: 'Callers and tokens',
    items: [
      page('Several issuers', 'several-issuers'),
      page('Sessions and passwords', 'sessions'),
      page('Opaque tokens', 'opaque-tokens'),
      page('DPoP: tokens bound to a key', 'dpop'),
      page('Tokens bound to a client certificate', 'mtls'),
      page('Step-up', 'step-up'),
      page('Revoked tokens', 'revocation'),
      page('Signing users in', 'microservice'),
      page('MCP servers', 'mcp'),
    ],
  },
  {
    text: 'Providers',
    collapsed: true,
    items: [
      page('All providers', 'providers'),
      page('Amazon Cognito', 'providers/cognito'),
      page('Auth0', 'providers/auth0'),
      page('Duende IdentityServer', 'providers/duende'),
      page('GitHub Actions', 'providers/github-actions'),
      page('Google', 'providers/google'),
      page('Keycloak', 'providers/keycloak'),
      page('Kubernetes', 'providers/kubernetes'),
      page('Microsoft Entra ID', 'providers/entra'),
      page('Okta', 'providers/okta'),
      page('PingOne, PingFederate', 'providers/ping'),
      page('ZITADEL', 'providers/zitadel'),
    ],
  },
  {
    text: 'Prove and run',
    items: [
      page('Testing', 'testing'),
      page('The audit', 'audit'),
      page('OpenAPI', 'openapi'),
      page('Observability', 'observability'),
      page('The server and its keys', 'keys'),
      page('Several servers', 'several-servers'),
      page('Many processes', 'many-processes'),
    ],
  },
  {
    text: 'Questions',
    items: [
      page('All questions', 'questions/README'),
      page('401 with a good token', 'questions/401-with-a-good-token'),
      page('Optional authentication', 'questions/optional-authentication'),
      page('Claims on the request', 'questions/claims-on-the-request'),
      page('Only machines', 'questions/only-machines'),
      page('Custom errors', 'questions/custom-errors'),
      page('Tokens in cookies', 'questions/tokens-in-cookies'),
      page('When the issuer is down', 'questions/issuer-down'),
      page('GraphQL and websockets', 'questions/other-protocols'),
      page('typedi and useContainer', 'questions/typedi-use-container'),
      page('Testing without an issuer', 'questions/testing-without-an-issuer'),
      page('Several issuers', 'several-issuers'),
      page('CORS', 'cors'),
      page('Build tools', 'questions/build-tools'),
    ],
  },
  {
    text: 'Reference',
    items: [
      page('Troubleshooting', 'troubleshooting'),
      page('Settings', 'settings'),
      page('The command line', 'cli'),
      page('What the client gets', 'responses'),
      page('Compatibility', 'compatibility'),
      page('Security', 'security'),
      page('Threat model', 'threat-model'),
      page('Sections of RFCs', 'rfcs'),
      page('Upgrading', 'upgrading'),
      page('Changelog', 'changelog'),
      page('Versions and maintenance', 'versions'),
      page('Decisions', 'decisions/README'),
    ],
  },
];

export default defineConfig({
  title: 'axioms-routing-controllers',
  description: 'Authentication and authorization for routing-controllers, Express and typedi',
  cleanUrls: true,
  // The site is opened from any folder of any host.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: { config: md => md.core.ruler.push('repository-links', linksToTheRepository) },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          // A question is seldom about changes and decisions. The check of the site has the same line.
          searchOptions: {
            boostDocument: (id: string) => (/^\/(?:upgrading|changelog|decisions|rfcs)/.test(id) ? 0.2 : 1),
          },
        },
      },
    },
    nav: [
      page('Tutorial', 'tutorial'),
      page('Troubleshooting', 'troubleshooting'),
      { text: 'API', link: '/api/index.html', target: '_self' },
    ],
    socialLinks: [{ icon: 'github', link: repository }],
    sidebar,
    outline: [2, 3],
  },
  ignoreDeadLinks: [/^\/api\//],
  buildEnd: writeForMachines,
});

interface Token {
  readonly type: string;
  readonly children?: readonly Token[] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}

/** Links that leave docs/ lead to the repository. `test/docs/links.test.ts` checks that their files exist. */
function linksToTheRepository({
  tokens,
  env,
}: {
  readonly tokens: readonly Token[];
  readonly env: { relativePath: string };
}) {
  for (const link of tokens.flatMap(({ children }) => children ?? []).filter(({ type }) => type === 'link_open'))
    link.attrSet('href', addressOf(link.attrGet('href') ?? '', env.relativePath));
}

function addressOf(href: string, page: string): string {
  const path = join('docs', dirname(page), href);
  return href.startsWith('.') && !path.startsWith('docs/') ? `${repository}/blob/main/${path}` : href;
}

/** The page in Markdown, with the same links to the repository as the page in HTML. */
function twinOf(text: string, page: string): string {
  return text.replace(/\]\(([^)\s]+)\)/g, (_, href: string) => `](${addressOf(href, page)})`);
}

/** A twin of each page in Markdown, and `llms.txt`, which lists them. */
function writeForMachines({ pages, srcDir, outDir }: SiteConfig) {
  const lines = pages.flatMap(name => {
    const text = readFileSync(join(srcDir, name), 'utf8');
    mkdirSync(dirname(join(outDir, name)), { recursive: true });
    writeFileSync(join(outDir, name), twinOf(text, name));
    const [, title = 'axioms-routing-controllers'] = /^# (.+)$/m.exec(text) ?? [];
    const [, first = ''] = /^# .+\n\n(?![<`|#-])(.*?[.:])(?: |\n)/m.exec(text) ?? [];
    // The home page is front matter alone.
    return name === 'index.md' ? [] : [`- [${title}](/${name})${first === '' ? '' : `: ${first}`}`];
  });
  const head =
    '# axioms-routing-controllers\n\n> Authentication and authorization for routing-controllers, Express and typedi. Each page is Markdown.';
  writeFileSync(join(outDir, 'llms.txt'), `${head}\n\n${lines.join('\n')}\n`);
}
