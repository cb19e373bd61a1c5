/** What the document says of bodies that are not accepted, and of where the API is. */
import { expect } from 'chai';
import { Body, Get, JsonController, Param, Post } from 'routing-controllers';
import { AllowAny } from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { Api, type ApiOptions } from '../api';

class Thing {
  name?: string;
}

@JsonController('/things')
class ThingController {
  @Get('/') list() {
    return [];
  }
  @Post('/') create(@Body() thing: Thing) {
    return thing;
  }
}

@JsonController('/open')
class OpenController {
  authenticationClasses = [];
  permissionClasses = [AllowAny];
  @Get('/') list() {
    return [];
  }
  @Get('/:id') retrieve(@Param('id') id: string) {
    return { id };
  }
}

async function documentOf({ controllers = [ThingController, OpenController], ...options }: Partial<ApiOptions> = {}) {
  const api = await Api.start({ controllers, ...options });
  const document = await openApiDocument(api.app);
  await api.close();
  return document;
}

describe('the document of an API', () => {
  it('has 413 where a body is read, and 400 where something can be malformed', async () => {
    const { paths, components } = await documentOf();
    const statusesOf = (path: string, method: 'get' | 'post'): readonly string[] =>
      Object.keys((paths[path] as Record<string, { responses: object }>)[method]!.responses);
    expect(statusesOf('/things', 'post')).to.include.members(['400', '413']);
    expect(statusesOf('/things', 'get')).not.to.include('400').and.not.to.include('413');
    expect(statusesOf('/open/{id}', 'get')).to.include('400').and.not.to.include('413');
    expect(statusesOf('/open', 'get')).not.to.include('400').and.not.to.include('413');
    expect(components.schemas.AxiomsRefusal).to.have.nested.property('properties.fields');
  });

  const places: readonly [resourceUrl: string | undefined, routePrefix: string, servers: unknown][] = [
    [undefined, '', undefined],
    ['https://api.example.com', '', [{ url: 'https://api.example.com' }]],
    ['https://api.example.com/', '/v1', [{ url: 'https://api.example.com' }]],
    ['https://api.example.com/v1', '', [{ url: 'https://api.example.com/v1' }]],
    ['https://api.example.com/v1/', '/v1', [{ url: 'https://api.example.com' }]],
    ['https://api.example.com/v1', '/v12', [{ url: 'https://api.example.com/v1' }]],
  ];
  for (const [resourceUrl, routePrefix, servers] of places)
    it(`is at ${JSON.stringify(servers)} with resourceUrl ${String(resourceUrl)} and routePrefix '${routePrefix}'`, async () => {
      const document = await documentOf({ routePrefix, axioms: resourceUrl === undefined ? {} : { resourceUrl } });
      expect(document.servers).to.deep.equal(servers);
    });
});
