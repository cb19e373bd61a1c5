import { expect } from 'chai';
import express from 'express';
import { Get, JsonController } from 'routing-controllers';
import { IsSubOwner } from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectExactRefusal, permissionDenied } from '../refusals';

const isExpress4 = 'lazyrouter' in express.application;
const ran: string[] = [];

function controllerOf(path: string, isPattern: boolean) {
  @JsonController('/notes')
  class NoteController {
    permissionClasses = [IsSubOwner];
    // Where it is about no object, it shows none.
    unfilteredActions: string[] = isPattern ? [] : ['retrieve'];
    getObject() {
      return { user: 'bob' };
    }
    @Get(path) retrieve() {
      ran.push('retrieve');
      return { secret: true };
    }
    @Get('/by/:id') one() {
      return {};
    }
  }
  return NoteController;
}

describe('a path that is text, and a pattern for Express 4,', () => {
  beforeEach(() => {
    ran.length = 0;
  });

  for (const [path, asked] of [
    ['/[a-f0-9]+', '/abc'],
    ['/a[0-9]', '/a1'],
    ['/ab?c', '/ac'],
    ['/a+', '/aaa'],
    ['/a{1,9}', '/aaa'],
    ['/\\d', '/7'],
    ['/x|y', '/x1'],
    ['/note-(\\d+)', '/note-7'],
    ['/a*', '/abc'],
  ] as const)
    it(`is about one object, so that a stranger does not get it: ${path}`, async function () {
      if (!isExpress4) this.skip();
      const api = await Api.start({ controllers: [controllerOf(path, true)] });
      expectExactRefusal(await api.as({ sub: 'eve' }, 'get', `/notes${asked}`), permissionDenied);
      expect(ran).to.deep.equal([]);
      expect((await api.as({ sub: 'bob' }, 'get', `/notes${asked}`)).body).to.deep.equal({ secret: true });
      await api.close();
    });

  for (const [path, asked] of [
    ['/a.b-c_d~e@f,g;h=i', '/a.b-c_d~e@f,g;h=i'],
    ['/a%5Bb%5D', '/a%5Bb%5D'],
    ['/a\\+', '/a+'],
  ] as const)
    it(`is about no object where every character stands for itself: ${path}`, async () => {
      const api = await Api.start({ controllers: [controllerOf(path, false)] });
      expect((await api.as({ sub: 'eve' }, 'get', `/notes${asked}`)).body).to.deep.equal({ secret: true });
      await api.close();
    });
});
