import { assertEquals } from "@std/assert";
import { type Client, hasPlace, isInPool, type State } from "../../lib/pool/client.ts";

const states: [State, boolean, boolean][] = [
  ["asking", true, false],
  ["connected", true, true],
  ["queued", true, false],
  ["rejected", false, false],
  ["left", false, false],
];

for (const [state, inPool, place] of states) {
  const client = { state } as Client;
  Deno.test(`isInPool: of one that is ${state} is ${inPool}`, () => {
    assertEquals(isInPool(client), inPool);
  });
  Deno.test(`hasPlace: of one that is ${state} is ${place}`, () => {
    assertEquals(hasPlace(client), place);
  });
}
