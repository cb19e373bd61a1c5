import { IsInt } from 'class-validator';
import { Body, Get, HttpCode, JsonController, Param, Post } from 'routing-controllers';
import { HasAccessTokenScopes } from 'axioms-routing-controllers';

class NewPaper {
  @IsInt() pages!: number;
}

@JsonController('/papers')
export class PaperController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['paper'];

  @Get('/:id')
  retrieve(@Param('id') id: number) {
    return { id };
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() paper: NewPaper) {
    return { pages: paper.pages };
  }
}

@JsonController('/silent-papers')
export class SilentPaperController {
  @Get('/')
  list() {
    return { ok: true };
  }
}
