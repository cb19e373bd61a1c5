import { button, unseen } from './element.js';

/** A button that copies a text, and says so. */
export function copyButton(what: string, text: () => Promise<string>): HTMLButtonElement {
  const made = button({ class: 'small' }, () => void copied(), 'Copy', unseen(` ${what}`));
  const copied = async (): Promise<void> => {
    const result = await text()
      .then(found => navigator.clipboard.writeText(found))
      .then(
        () => 'Copied',
        () => 'Copying failed',
      );
    made.replaceChildren(result, unseen(` ${what}`));
    setTimeout(() => {
      made.replaceChildren('Copy', unseen(` ${what}`));
    }, 2000);
  };
  return made;
}
