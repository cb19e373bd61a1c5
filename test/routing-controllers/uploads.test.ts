import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type {} from 'multer';
import {
  ExpressDriver,
  HttpCode,
  JsonController,
  Post,
  UploadedFile,
  UploadedFiles,
  QueryParam,
} from 'routing-controllers';
import { AllowAny, HasAccessTokenScopes, type AxiomsRequest } from 'axioms-routing-controllers';
import { Api } from '../api';
import { forbidStrayErrors } from './stray-errors';

const folder = mkdtempSync(join(tmpdir(), 'uploads-'));
const options = { dest: folder, limits: { fileSize: 1000 } };

@JsonController('/files')
class FileController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['file'];

  @Post('/')
  @HttpCode(201)
  create(@UploadedFile('file', { options }) file: Express.Multer.File | undefined, @QueryParam('page') page = 1) {
    return { size: file?.size, page };
  }

  @Post('/many')
  createMany(@UploadedFiles('file', { options }) files: Express.Multer.File[]) {
    return { sizes: files.map(({ size }) => size) };
  }
}

@JsonController('/dynamic')
class DynamicController {
  permissionClasses = [HasAccessTokenScopes];
  declare request: AxiomsRequest;

  get accessTokenScopes() {
    return [`file:${this.request.query.folder as string}`];
  }

  @Post('/')
  create(@UploadedFile('file', { options }) file: Express.Multer.File) {
    return { size: file.size };
  }
}

@JsonController('/staff')
class StaffController {
  permissionClasses = [AllowAny];

  @Post('/')
  create(@UploadedFile('file', { options, required: true }) file: Express.Multer.File) {
    return { size: file.size };
  }
}

const stored = () => readdirSync(folder).length;

describe('an upload', () => {
  forbidStrayErrors();

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [FileController, DynamicController, StaffController] });
  });
  afterEach(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  });
  after(async () => {
    await api.close();
    rmSync(folder, { recursive: true });
  });

  const upload = (claims: object | null, path: string, size = 10, field = 'file') =>
    api.as(claims, 'post', path).attach(field, Buffer.alloc(size, 'x'), 'x.txt');

  const file = { scope: 'file' };

  it('is stored for who may', async () => {
    const response = await upload(file, '/files?page=2');
    expect([response.status, response.body]).to.deep.equal([201, { size: 10, page: 2 }]);
    expect(stored()).to.equal(1);
    expect((await upload(file, '/files/many')).body).to.deep.equal({ sizes: [10] });
  });

  for (const [caller, claims, status] of [
    ['nobody', null, 401],
    ['somebody without the scope', { scope: 'files' }, 403],
  ] as const)
    it(`of ${caller} is refused and leaves no file, however large it is`, async () => {
      for (const path of ['/files', '/files/many', '/dynamic?folder=a'])
        for (const size of [10, 5000]) expect((await upload(claims, path, size)).status, path).to.equal(status);
      expect(stored()).to.equal(0);
    });

  it('is refused by a rule that looks at the request, before anything is stored', async () => {
    const claims = { scope: 'file:a' };
    expect((await upload(claims, '/dynamic?folder=b')).status).to.equal(403);
    expect(stored()).to.equal(0);
    expect((await upload(claims, '/dynamic?folder=a')).status).to.equal(200);
    expect(stored()).to.equal(1);
  });

  it('that is too large is 413, in JSON, and leaves no file', async () => {
    const response = await upload(file, '/files', 5000);
    expect([response.status, response.type]).to.deep.equal([413, 'application/json']);
    expect(response.body).to.deep.equal({ error: 'invalid_request', error_description: 'The body is too large' });
    expect(stored()).to.equal(0);
  });

  it('under another name is 400, in JSON, and leaves no file', async () => {
    const response = await upload(file, '/files', 10, 'other');
    expect([response.status, (response.body as Record<string, unknown>).error]).to.deep.equal([400, 'invalid_request']);
    expect(stored()).to.equal(0);
  });

  it('that breaks off, or has no boundary, is 400 in JSON', async () => {
    for (const type of ['multipart/form-data', 'multipart/form-data; boundary=x']) {
      const response = await api
        .as(file, 'post', '/files')
        .set('Content-Type', type)
        .send('--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbegun');
      expect([response.status, response.type, (response.body as Record<string, unknown>).error], type).to.deep.equal([
        400,
        'application/json',
        'invalid_request',
      ]);
    }
  });

  it('whose parameters are wrong is 400', async () => {
    expect((await upload(file, '/files?page=two')).status).to.equal(400);
    expect((await api.as(null, 'post', '/staff')).status).to.equal(400);
  });
});

describe('a server without uploads', () => {
  const { prototype } = ExpressDriver as unknown as { prototype: { loadMulter: () => unknown } };
  const { loadMulter } = prototype;
  before(() => {
    prototype.loadMulter = () => {
      throw new Error('multer package was not found installed.');
    };
  });
  after(() => {
    prototype.loadMulter = loadMulter;
  });

  @JsonController('/plain')
  class PlainController {
    @Post('/') create() {
      return {};
    }
  }

  it('needs no multer', async () => {
    const api = await Api.start({ controllers: [PlainController] });
    await api.close();
  });

  it('starts no upload without multer', async () => {
    const refusal = await Api.start({ controllers: [FileController] }).catch((error: unknown) => error);
    expect(refusal).to.be.an('error').with.property('message').that.contains('multer');
  });
});
