import { expect } from 'chai';
import { asOpenApi31 } from '../../src/openapi/json-schema';

describe('schemas of OpenAPI 3.0', () => {
  for (const [what, given, expected] of [
    ['nullable', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      'nullable with values',
      { type: 'string', enum: ['a'], nullable: true },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [
      'nullable reference',
      { $ref: '#/components/schemas/A', nullable: true },
      { anyOf: [{ $ref: '#/components/schemas/A' }, { type: 'null' }] },
    ],
    ['not nullable', { type: 'string', nullable: false }, { type: 'string' }],
    ['nullable alone', { not: { type: 'string' }, nullable: true }, { not: { type: 'string' } }],
    [
      'exclusive bound',
      { minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      { exclusiveMinimum: 1, maximum: 9 },
    ],
    ['bound of 3.1', { exclusiveMinimum: 0 }, { exclusiveMinimum: 0 }],
    ['file', { type: 'string', format: 'binary' }, { type: 'string', contentMediaType: 'application/octet-stream' }],
    ['base64', { type: 'string', format: 'byte' }, { type: 'string', contentEncoding: 'base64' }],
    ['other format', { type: 'string', format: 'date' }, { type: 'string', format: 'date' }],
    ['undefined member', { type: 'string', pattern: undefined }, { type: 'string' }],
    ['name that components cannot have', { $ref: '#/components/schemas/_$A' }, { $ref: '#/components/schemas/__A' }],
    [
      'property called nullable',
      { properties: { nullable: { type: 'boolean' } } },
      { properties: { nullable: { type: 'boolean' } } },
    ],
    [
      'property called format',
      { properties: { format: { type: 'string' } } },
      { properties: { format: { type: 'string' } } },
    ],
    ['example, which is data', { example: { nullable: true } }, { example: { nullable: true } }],
    ['list', { items: [{ type: 'string', nullable: true }] }, { items: [{ type: ['string', 'null'] }] }],
  ] as const)
    it(`become those of 3.1: ${what}`, () => {
      expect(asOpenApi31(given)).to.deep.equal(expected);
    });
});
