/** How well a page can be read and touched: scripts that run in the page. */

/** The least contrast of any text with what is behind it (WCAG 2.2, 1.4.3). */
export const leastContrast = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const channels = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = color => {
    const [red, green, blue] = channels(color).map(value => value / 255).map(value =>
      value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = element => {
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] > 0 ? color : behind(element.parentElement);
  };
  const contrast = element => {
    const pair = [getComputedStyle(element).color, behind(element)].map(luminance);
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  const hasText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== '');
  const visible = [...document.body.querySelectorAll('*')].filter(element => hasText(element) && element.checkVisibility());
  for (const animation of document.getAnimations()) animation.finish();
  return Math.min(...visible.map(contrast));
})()`;

/** The smallest height of what can be pressed, in CSS pixels (WCAG 2.2, 2.5.8). */
export const smallestTarget = `Math.min(
  ...[...document.querySelectorAll('button, input, select, summary')]
    .filter(element => element.checkVisibility())
    .map(element => element.getBoundingClientRect().height))`;
