import { HasAccessTokenPermissions, AxiomsRequest } from 'axioms-routing-controllers';
import { JsonController, Get, Post, Delete, Param } from 'routing-controllers';
@JsonController('/samples')
class SampleController {
  permissionClasses = [HasAccessTokenPermissions];

  get accessTokenPermissions() {
    return { GET: ['sample:read'], POST: ['sample:create'], DELETE: ['sample:delete'] }[this.request.method] ?? [];
  }

  declare request: AxiomsRequest;

  @Get('/')
  read() {
    return { message: 'Sample read.' };
  }

  @Post('/')
  create() {
    return { message: 'Sample created.' };
  }

  @Delete('/:id')
  remove(@Param('id') id: number) {
    return { removed: id };
  }
}

export {};