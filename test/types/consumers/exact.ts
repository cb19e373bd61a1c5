/** Compile-time checks. */
type IsAny<T> = 0 extends 1 & T ? true : false;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Accepts a value of exactly this type, which is not `any`. */
export function exactly<Expected>() {
  return <Actual>(
    _value: Actual,
    ..._isSame: IsAny<Actual> extends true ? ['is any'] : Same<Actual, Expected> extends true ? [] : ['is another type']
  ): void => undefined;
}
