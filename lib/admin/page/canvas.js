// @ts-check
/// <reference lib="dom" />
/**
 * The page's colours and its type, for what is drawn.
 *
 * @module
 */

/** @param {string} property The name of a colour in the style sheet. */
export function colour(property) {
  return getComputedStyle(document.documentElement).getPropertyValue(property);
}

/** @param {number} ratio How many pixels of the canvas are one of the page. */
export function font(ratio) {
  return `${12 * ratio}px system-ui, sans-serif`;
}
