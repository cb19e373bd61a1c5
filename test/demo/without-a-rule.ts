/** Loaded before the check, it takes one rule away: anybody may delete a role. */
import 'reflect-metadata';
import { controllers } from '../../demo/controllers';
import { RoleController } from '../../demo/controllers/role-controller';
import { withdrawnRules } from './withdrawn-rules';

const rule = withdrawnRules().find(({ name }) => name === 'RoleController.destroy open to everybody')!;
controllers.splice(controllers.indexOf(RoleController), 1, rule.weakened());
