import { createExpressServer, protectedResourceMiddleware } from 'axioms-routing-controllers';
import { JsonController, Get } from 'routing-controllers';
import express from 'express';

@JsonController('/memos')
class MemoController {
  @Get('/')
  list() {
    return [];
  }
}

const api = createExpressServer({
  controllers: [MemoController],
  axioms: { audience: 'memos', domain: 'auth.example.com', resourceUrl: 'https://example.com/api' },
});
const site = express().use('/api', api).use(protectedResourceMiddleware(api.locals.axioms));

export {};