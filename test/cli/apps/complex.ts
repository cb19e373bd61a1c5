/** A rule of ten any-of groups: too complex to be compared with a wider one. */
import 'reflect-metadata';
import { Get, JsonController } from 'routing-controllers';
import { BasePermission, type Requirement } from 'axioms-routing-controllers';

export const rules = { isWider: false };

const groups = (name: string): Requirement => ({
  kind: 'and',
  of: Array.from({ length: 10 }, (_, index) => ({
    kind: 'scopes',
    match: 'any',
    values: [1, 2, 3].map(number => `${name}:${index}:${number}`),
  })),
});

class Complex extends BasePermission {
  override hasPermission() {
    return false;
  }
  override requirement(): Requirement {
    return rules.isWider ? { kind: 'or', of: [groups('a'), groups('b')] } : groups('a');
  }
}

@JsonController('/complex')
class ComplexController {
  permissionClasses = [Complex];
  @Get() list() {
    return [];
  }
}

export const options = {
  controllers: [ComplexController],
  axioms: { audience: 'api', issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false },
};
