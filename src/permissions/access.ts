/** Permissions that decide by the caller and the method, not by grants. */
import type { Request } from 'express';
import { isPublicTo } from '../authentication/base';
import { callerOf, isAuthenticated } from '../authentication/caller';
import { contextOf } from '../authentication/request-context';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { Requirement } from '../core/requirements/requirement';
import { BasePermission, decidesBeforeTheBody, type ApiView } from './base';
import { memberOf } from './evaluated';
import { readsWords } from './rule-readers';

const defaultSafeMethods = ['GET', 'HEAD', 'OPTIONS'];

/** Returns the controller's `safeMethods`: the methods that only read. Default: GET, HEAD and OPTIONS. */
export function safeMethodsOf(controller: ApiView): readonly string[] {
  const methods: unknown = memberOf(controller, 'safeMethods') ?? defaultSafeMethods;
  if (Array.isArray(methods) && methods.every(method => typeof method === 'string')) return methods;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.safeMethods must be a list of HTTP methods, such as ['GET', 'HEAD'].`,
  );
}

/** Admits every caller. Mirrors DRF's class of this name. */
export class AllowAny extends BasePermission {
  override hasPermission(): boolean {
    return true;
  }

  override requirement(): Requirement {
    return { kind: 'anyone' };
  }
}

/** Refuses every caller. */
export class DenyAll extends BasePermission {
  override hasPermission(): boolean {
    return false;
  }

  override requirement(): Requirement {
    return { kind: 'nobody' };
  }
}

/** Admits authenticated callers. Mirrors DRF's class of this name. */
export class IsAuthenticated extends BasePermission {
  override hasPermission(request: Request): boolean {
    return isAuthenticated(request);
  }

  override requirement(): Requirement {
    return { kind: 'authenticated' };
  }
}

/** Admits authenticated callers whose user has `isStaff: true`. No other value counts. Mirrors DRF's class of this name. */
export class IsAdminUser extends BasePermission {
  override readonly needsAuthentication = true;

  override hasPermission(request: Request): boolean {
    return isAuthenticated(request) && callerOf(request).isStaff === true;
  }

  override requirement(): Requirement {
    return { kind: 'and', of: [{ kind: 'authenticated' }, { kind: 'custom', name: 'IsAdminUser' }] };
  }
}

/** Admits every caller with GET, HEAD and OPTIONS, and authenticated callers with any method. Mirrors DRF's class. */
export class IsAuthenticatedOrReadOnly extends BasePermission {
  override hasPermission(request: Request): boolean {
    return defaultSafeMethods.includes(request.method) || isAuthenticated(request);
  }

  override requirement(): Requirement {
    return { kind: 'or', of: [{ kind: 'methods', methods: defaultSafeMethods }, { kind: 'authenticated' }] };
  }
}

/** Admits authenticated callers, and every caller if the setting `publicMethods` or an authentication class makes the method public. */
export class IsAuthenticatedOrPublicMethod extends BasePermission {
  override hasPermission(request: Request): boolean {
    const { settings, authenticators } = contextOf(request);
    const isPublic =
      settings.publicMethods.includes(request.method) || authenticators.some(one => isPublicTo(one, request));
    return isPublic || isAuthenticated(request);
  }

  override requirement(): Requirement {
    return { kind: 'authenticated', orPublicMethod: true };
  }
}

/** Admits every caller, with the controller's `safeMethods` only. */
export class IsSafeOnly extends BasePermission {
  override hasPermission(request: Request, controller: ApiView): boolean {
    return safeMethodsOf(controller).includes(request.method);
  }

  override requirement(controller: ApiView): Requirement {
    return { kind: 'methods', methods: safeMethodsOf(controller) };
  }
}

decidesBeforeTheBody(IsSafeOnly);
readsWords(IsSafeOnly, ['safeMethods']);
for (const one of [
  AllowAny,
  DenyAll,
  IsAuthenticated,
  IsAdminUser,
  IsAuthenticatedOrReadOnly,
  IsAuthenticatedOrPublicMethod,
]) {
  decidesBeforeTheBody(one);
  readsWords(one, []);
}
