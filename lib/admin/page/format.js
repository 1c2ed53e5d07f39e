// @ts-check
/**
 * Numbers, durations, bytes, times of day and names as people read them.
 *
 * @module
 */

const WHOLE = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY_AND_TIME = new Intl.DateTimeFormat("en-GB", {
  ...{ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
});

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What stands where nothing is known. */
export const UNKNOWN = "–";

/** @param {number} number */
export function count(number) {
  return (number < 1_000_000 ? WHOLE : SHORT).format(number);
}

/**
 * A number for where there is little room.
 *
 * @param {number} number
 */
export function short(number) {
  return (number < 10_000 ? WHOLE : SHORT).format(number);
}

/**
 * A limit as it follows a count: the highest is none.
 *
 * @param {number} limit
 */
export function ofLimit(limit) {
  return limit === Number.MAX_SAFE_INTEGER ? "without a limit" : `of ${count(limit)}`;
}

/** @param {number} perSecond */
export function rate(perSecond) {
  return perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : count(Math.round(perSecond));
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 0.00005) return "under 0.1 ms";
  if (seconds < 0.00995) return `${Number((seconds * 1000).toFixed(1))} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return two(whole, MINUTE, "min", 1, "s");
  if (whole < DAY) return two(whole, HOUR, "h", MINUTE, "min");
  return two(whole, DAY, "d", HOUR, "h");
}

/**
 * A duration for where there is little room.
 *
 * @param {number | null} seconds
 */
export function brief(seconds) {
  if (seconds === null) return UNKNOWN;
  if (seconds < MINUTE) return duration(seconds);
  if (seconds < HOUR) return `${digits(seconds / MINUTE)} min`;
  return seconds < DAY ? `${digits(seconds / HOUR)} h` : `${digits(seconds / DAY)} d`;
}

/**
 * @param {number} seconds
 * @param {number} large
 * @param {string} largeName
 * @param {number} small
 * @param {string} smallName
 */
function two(seconds, large, largeName, small, smallName) {
  const rest = Math.floor(seconds % large / small);
  return `${count(Math.floor(seconds / large))} ${largeName}${
    rest === 0 ? "" : ` ${rest} ${smallName}`
  }`;
}

/** @param {number | null} number */
export function bytes(number) {
  if (number === null) return UNKNOWN;
  let rest = number;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (rest < 999.5) return `${unit === "B" ? Math.round(rest) : digits(rest)} ${unit}`;
    rest /= 1024;
  }
  return `${digits(rest)} TiB`;
}

/** @param {number} number */
function digits(number) {
  return number < 9.95 ? number.toFixed(1) : count(Math.round(number));
}

/** @param {number} unixSeconds */
export function timeOfDay(unixSeconds) {
  return TIME.format(unixSeconds * 1000);
}

/**
 * A time of day, with the day where that was not just now.
 *
 * @param {string} iso
 * @param {number} secondsAgo
 */
export function since(iso, secondsAgo) {
  return (secondsAgo < DAY / 2 ? TIME : DAY_AND_TIME).format(new Date(iso));
}

/**
 * A client's id: any string, so control characters are given a picture.
 *
 * @param {string} id
 */
export function name(id) {
  if (id === "") return "(empty)";
  return id.replace(/\p{Cc}/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\u2421";
  });
}

/**
 * Words for a number of things, such as "1 place", "2 places".
 *
 * @param {number} number
 * @param {string} thing
 */
export function things(number, thing) {
  return `${count(number)} ${thing}${number === 1 ? "" : "s"}`;
}

/** @param {number} promoted How many a change let in. */
export function promotedSentence(promoted) {
  if (promoted === 0) return "Nobody was let in by it.";
  return promoted === 1 ? "One was let in by it." : `${count(promoted)} were let in by it.`;
}
