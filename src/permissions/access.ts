/** Permissions that ask who is calling and how, not what they were granted. */
import type { Request } from 'express';
import { callerOf, isAuthenticated } from '../authentication/caller';
import { contextOf } from '../authentication/request-context';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { Requirement } from '../core/requirements/requirement';
import { BasePermission, decidesBeforeTheBody, type ApiView } from './base';
import { memberOf } from './evaluated';

const defaultSafeMethods = ['GET', 'HEAD', 'OPTIONS'];

/** The methods of this controller that only read. */
export function safeMethodsOf(controller: ApiView): readonly string[] {
  const methods: unknown = memberOf(controller, 'safeMethods') ?? defaultSafeMethods;
  if (Array.isArray(methods) && methods.every(method => typeof method === 'string')) return methods;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.safeMethods must be a list of HTTP methods, such as ['GET', 'HEAD'].`,
  );
}

/** Opens a door, in words: everybody may. */
export class AllowAny extends BasePermission {
  override hasPermission(): boolean {
    return true;
  }

  override requirement(): Requirement {
    return { kind: 'anyone' };
  }
}

/** Nobody may. */
export class DenyAll extends BasePermission {
  override hasPermission(): boolean {
    return false;
  }

  override requirement(): Requirement {
    return { kind: 'nobody' };
  }
}

/** Whoever is authenticated may. */
export class IsAuthenticated extends BasePermission {
  override hasPermission(request: Request): boolean {
    return isAuthenticated(request);
  }

  override requirement(): Requirement {
    return { kind: 'authenticated' };
  }
}

/** Whoever is authenticated and whose user says `isStaff: true` may; nothing else counts as true. Mirrors DRF's class of this name. */
export class IsAdminUser extends BasePermission {
  override readonly needsAuthentication = true;

  override hasPermission(request: Request): boolean {
    return isAuthenticated(request) && callerOf(request).isStaff === true;
  }

  override requirement(): Requirement {
    return { kind: 'and', of: [{ kind: 'authenticated' }, { kind: 'custom', name: 'IsAdminUser' }] };
  }
}

/** Everybody may read (GET, HEAD, OPTIONS), whoever is authenticated may do anything. */
export class IsAuthenticatedOrReadOnly extends BasePermission {
  override hasPermission(request: Request): boolean {
    return defaultSafeMethods.includes(request.method) || isAuthenticated(request);
  }

  override requirement(): Requirement {
    return { kind: 'or', of: [{ kind: 'methods', methods: defaultSafeMethods }, { kind: 'authenticated' }] };
  }
}

/** Whoever is authenticated may; so may everybody where the setting `publicMethods` or an authentication class says that the method is public. */
export class IsAuthenticatedOrPublicMethod extends BasePermission {
  override hasPermission(request: Request): boolean {
    const { settings, authenticators } = contextOf(request);
    const isPublic =
      settings.publicMethods.includes(request.method) || authenticators.some(one => one.isPublic?.(request) === true);
    return isPublic || isAuthenticated(request);
  }

  override requirement(): Requirement {
    return { kind: 'authenticated', orPublicMethod: true };
  }
}

/** Only the controller's `safeMethods`. */
export class IsSafeOnly extends BasePermission {
  override hasPermission(request: Request, controller: ApiView): boolean {
    return safeMethodsOf(controller).includes(request.method);
  }

  override requirement(controller: ApiView): Requirement {
    return { kind: 'methods', methods: safeMethodsOf(controller) };
  }
}

[
  AllowAny,
  DenyAll,
  IsAuthenticated,
  IsAdminUser,
  IsAuthenticatedOrReadOnly,
  IsAuthenticatedOrPublicMethod,
  IsSafeOnly,
].forEach(decidesBeforeTheBody);
