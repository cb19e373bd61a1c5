/** An app that never comes to be. */
export default function options(): Promise<never> {
  return new Promise(() => undefined);
}
