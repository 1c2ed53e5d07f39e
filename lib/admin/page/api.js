// @ts-check
/// <reference lib="dom" />
/**
 * What the page asks the server to do, with the token, which is kept nowhere else.
 *
 * @module
 */

/** An answer, or the sentence that says why there is none. */
/**
 * @template T
 * @typedef {{ answer: T } | { error: string, forbidden: boolean }} Outcome
 */

/** @typedef {{ active: number, queued: number }} Counts */
/** @typedef {{ max_connections: number, backlog_size: number }} Limits */

let token = "";

/**
 * Keeps a token, if it permits changes.
 *
 * @param {string} candidate
 * @returns {Promise<Outcome<void>>}
 */
export async function unlock(candidate) {
  token = candidate;
  const outcome = await ask("GET", "api/permission");
  if ("error" in outcome) token = "";
  return outcome;
}

export function lock() {
  token = "";
}

/**
 * @param {Limits} limits
 * @returns {Promise<Outcome<Limits & Counts & { promoted: number }>>}
 */
export function putLimits(limits) {
  return ask("PUT", "api/config", limits);
}

/**
 * @param {boolean} gate Whether this gate alone is paused.
 * @returns {Promise<Outcome<Counts & { paused: boolean }>>}
 */
export function pause(gate) {
  return ask("PUT", gate ? "api/pause?gate" : "api/pause");
}

/**
 * @param {boolean} gate
 * @returns {Promise<Outcome<Counts & { paused: boolean, promoted: number }>>}
 */
export function resume(gate) {
  return ask("PUT", gate ? "api/resume?gate" : "api/resume");
}

/**
 * @param {string} id
 * @returns {Promise<Outcome<Counts & { promoted: string | null, left: boolean }>>}
 */
export async function disconnect(id) {
  if (!id.isWellFormed()) return { error: "No address can carry this id.", forbidden: false };
  return await ask("DELETE", `api/clients/${encodeURIComponent(id)}`);
}

/**
 * @template T
 * @param {string} method
 * @param {string} url
 * @param {Limits} [body]
 * @returns {Promise<Outcome<T>>}
 */
async function ask(method, url, body) {
  try {
    const response = await fetch(url, {
      method,
      headers: { "Authorization": `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = response.status === 204 ? undefined : await response.json();
    if (response.ok) return { answer };
    return { error: answer.error, forbidden: response.status === 403 };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { error: `poolgate has not answered: ${reason}`, forbidden: false };
  }
}
