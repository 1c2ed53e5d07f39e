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
  tell(await disconnect(id), ({ promoted }) => {
    const next = promoted === null ? "Nobody was let in by it." : `${name(promoted)} was let in.`;
    return `${gone} is disconnected. ${next}`;
  });
});

/** @param {string} client */
export function askToDisconnect(client) {
  id = client;
  setText(find("h2 .id", HTMLElement, dialog), name(id));
  dialog.showModal();
}
