/** Beside NestJS: one Express app, where this library guards its own controllers and the routes of Nest. */
import 'reflect-metadata';
import { Controller, Get, Module, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import { Get as GetRoute, JsonController } from 'routing-controllers';
import {
  HasAccessTokenScopes,
  requireAccessToken,
  useExpressServer,
  type AxiomsRequest,
} from 'axioms-routing-controllers';

@Controller('cats')
class CatController {
  @Get()
  list(@Req() request: AxiomsRequest) {
    return { by: request.user?.sub };
  }
}

@Module({ controllers: [CatController] })
class CatModule {}

@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['book:read'];

  @GetRoute('/')
  list() {
    return [{ title: 'Tehanu' }];
  }
}

async function start() {
  const app = express();
  useExpressServer(app, { controllers: [BookController] });
  // In front of everything that Nest serves. Guards of Nest see `request.user`.
  app.use('/cats', requireAccessToken({ scopes: ['cat:read'] }));
  const nest = await NestFactory.create(CatModule, new ExpressAdapter(app), { logger: false });
  await nest.listen(Number(process.env.PORT ?? 3000));
}

void start();
