// @ts-check
/// <reference lib="dom" />
/**
 * The question before a client is disconnected.
 *
 * @module
 */

import { disconnect } from "./api.js";
import { tell } from "./changes.js";
import { find, setText } from "./dom.js";
import { name } from "./format.js";

const dialog = find("#disconnecting", HTMLDialogElement);

let id = "";

find(".cancel", HTMLButtonElement, dialog).addEventListener("click", () => dialog.close());

find(".confirm", HTMLButtonElement, dialog).addEventListener("click", async () => {
  dialog.close();
  const gone = name(id);
  tell(await disconnect(id), ({ promoted, left }) => {
    return `${gone} is disconnected. ${left ? next(promoted) : LEAVES_LATER}`;
  });
});

const LEAVES_LATER = "Its place is free when the upstream has ended.";

/** @param {string | null} promoted */
function next(promoted) {
  return promoted === null ? "Nobody was let in by it." : `${name(promoted)} was let in.`;
}

/** @param {string} client */
export function askToDisconnect(client) {
  id = client;
  setText(find("h2 .id", HTMLElement, dialog), name(id));
  dialog.showModal();
}
