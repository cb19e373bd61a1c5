/** One API of five handlers, written by hand and with routing-controllers: what a whole request of each shape costs. */
import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { IsInt, IsString, validateOrReject } from 'class-validator';
import express from 'express';
import routingControllers from 'routing-controllers';
import library from '../../dist/src/index.js';
import { audience } from '../tokens.mjs';

const { Body, Get, JsonController, Param, Post, QueryParam, useExpressServer } = routingControllers;
const { HasAccessTokenScopes, HasValidAccessToken } = library;

class Book {}
IsString()(Book.prototype, 'title');
IsInt()(Book.prototype, 'pages');

const answers = {
  nothing: () => ({ books: [{ title: 'Emma', pages: 474 }] }),
  param: id => ({ id, title: 'Emma' }),
  queries: (page, size) => ({ page, size, books: [] }),
  body: ({ title, pages }) => ({ title, pages }),
  later: async () => ({ books: [] }),
};

/** By shape: what is asked. */
export const shapes = {
  'no parameters': { method: 'GET', url: '/books/nothing' },
  '@Param': { method: 'GET', url: '/books/param/7' },
  'two @QueryParam': { method: 'GET', url: '/books/queries?page=2&size=20' },
  '@Body, validated': { method: 'POST', url: '/books/body', body: { title: 'Emma', pages: 474 } },
  async: { method: 'GET', url: '/books/later' },
};

const field = { accessTokenScopes: ['book:read'] };
const rules = { authenticationClasses: [HasValidAccessToken], permissionClasses: [HasAccessTokenScopes] };

/**
 * By contestant: makes the app, given the issuer's URL and how many more routes stand behind.
 *
 * @typedef {(issuerUrl: string, more: number) => import('express').Express} Maker
 * @type {Readonly<Record<string, Maker>>}
 */
export const contestants = {
  bare: (issuerUrl, more) => bare(more),
  stock: (issuerUrl, more) => useExpressServer(newApp(), { controllers: [controller({}), ...others(more)] }),
  'no rules': (issuerUrl, more) =>
    ours(issuerUrl, { permissionClasses: [library.AllowAny], authenticationClasses: [] }, more),
  field: (issuerUrl, more) => ours(issuerUrl, { ...rules, ...field }, more),
  getter: (issuerUrl, more) => ours(issuerUrl, rules, more, 'accessTokenScopes'),
};

function newApp() {
  return express().set('env', 'test');
}

function ours(issuerUrl, members, more, getter) {
  const controllers = [controller(members, getter), ...others(more, 'accessTokenScopes' in members ? members : {})];
  return library.useExpressServer(newApp(), { controllers, axioms: { audience, issuerUrl } });
}

function bare(more) {
  const app = newApp();
  app.get('/books/nothing', (request, response) => response.json(answers.nothing()));
  app.get('/books/param/:id', (request, response) => {
    const id = Number(request.params.id);
    if (Number.isNaN(id)) response.status(400).end();
    else response.json(answers.param(id));
  });
  app.get('/books/queries', ({ query }, response) => {
    const [page, size] = [Number(query.page), Number(query.size)];
    if (Number.isNaN(page) || Number.isNaN(size)) response.status(400).end();
    else response.json(answers.queries(page, size));
  });
  app.post('/books/body', express.json(), async (request, response) => {
    const book = plainToInstance(Book, request.body);
    await validateOrReject(book);
    response.json(answers.body(book));
  });
  app.get('/books/later', async (request, response) => response.json(await answers.later()));
  for (let index = 0; index < more; index++) app.get(`/others-${index}`, (request, response) => response.json({}));
  return app;
}

function controller(members, getter) {
  class BookController {
    constructor() {
      Object.assign(this, members);
    }
    nothing() {
      return answers.nothing();
    }
    param(id) {
      return answers.param(id);
    }
    queries(page, size) {
      return answers.queries(page, size);
    }
    body(book) {
      return answers.body(book);
    }
    later() {
      return answers.later();
    }
  }
  if (getter !== undefined)
    Object.defineProperty(BookController.prototype, getter, {
      get() {
        return this.action === 'nowhere' ? [] : field.accessTokenScopes;
      },
    });
  const { prototype } = BookController;
  const types = (name, ...list) => Reflect.defineMetadata('design:paramtypes', list, prototype, name);
  for (const name of Object.keys(answers)) types(name);
  types('param', Number);
  types('queries', Number, Number);
  types('body', Book);
  Param('id')(prototype, 'param', 0);
  QueryParam('page')(prototype, 'queries', 0);
  QueryParam('size')(prototype, 'queries', 1);
  Body()(prototype, 'body', 0);
  Get('/nothing')(prototype, 'nothing');
  Get('/param/:id')(prototype, 'param');
  Get('/queries')(prototype, 'queries');
  Post('/body')(prototype, 'body');
  Get('/later')(prototype, 'later');
  JsonController('/books')(BookController);
  return BookController;
}

function others(count, members = {}) {
  return Array.from({ length: count }, (_, index) => {
    class OtherController {
      constructor() {
        Object.assign(this, members);
      }
      list() {
        return {};
      }
    }
    Get('/')(OtherController.prototype, 'list');
    JsonController(`/others-${index}`)(OtherController);
    return OtherController;
  });
}
