import { assertEquals, assertRejects } from "@std/assert";
import { END_MS, HOLD_MS, MAX_KEPT_BYTES, RetriedSocket } from "../../lib/gate/retried_socket.ts";
import type { Socket } from "../../lib/io/socket.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { FakeSocket } from "../support/fake_socket.ts";

/**
 * A service whose sessions begin with more than eight bytes, behind one that does not count, and
 * which has no word for six.
 */
const BEGINNING = {
  answerBytes: 1,
  requestBytes: 10,
  refusalBytes: { least: 7, most: 8 },
  silentBytes: [6],
};

/** A connection to an upstream of which the test says whether it is up. */
class Lab {
  clock = new FakeClock();
  first = new FakeSocket();
  second = new FakeSocket();
  socket: RetriedSocket;
  held = false;
  known = Promise.withResolvers<void>();
  suspicions = 0;
  giveUps = 0;
  /** What comes of the wish for another connection, where there is one. */
  again: PromiseWithResolvers<Socket | undefined> | undefined;
  #heard = "";
  #end: string | undefined;

  constructor(headerBytes = 0) {
    const isHeld = () => this.held;
    this.socket = new RetriedSocket({
      socket: this.first,
      beginning: BEGINNING,
      headerBytes,
      attempt: {
        upstream: {
          get held() {
            return isHeld();
          },
          get up() {
            return !isHeld();
          },
          known: () => this.known.promise,
          suspect: () => {
            this.suspicions++;
            this.held = true;
          },
        },
        again: () => {
          assertEquals(this.again, undefined, "it is asked for once");
          this.again = Promise.withResolvers();
          return this.again.promise;
        },
        giveUp: () => this.giveUps++,
      },
      clock: this.clock,
    });
    this.#read();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64);
    try {
      for (;;) {
        const length = await this.socket.read(buffer);
        if (length === null) break;
        this.#heard += new TextDecoder().decode(buffer.subarray(0, length));
      }
      this.#end = "ended";
    } catch (error) {
      this.#end = (error as Error).message;
    }
  }

  async write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    assertEquals(await this.socket.write(bytes), bytes.length);
    await settled();
  }

  async say(text: string): Promise<void> {
    this.first.say(text);
    await settled();
  }

  async end(error?: Error): Promise<void> {
    this.first.end(error);
    await settled();
  }

  /** The upstream is found up that was suspected. */
  async rise(): Promise<void> {
    this.held = false;
    this.known.resolve();
    await settled();
  }

  /** There is another connection, the upstream being down; or none, where it is up. */
  async connect(socket: Socket | undefined): Promise<void> {
    this.again?.resolve(socket);
    await settled();
  }

  /** What the client has heard, and how that ended, where it has. */
  get heard(): (string | undefined)[] {
    return [this.#heard, this.#end];
  }
}

Deno.test("RetriedSocket: passes on what both sides say, and asks nobody", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.say("a long welcome");
  await lab.write("query");
  await lab.say("row");
  await lab.end();
  assertEquals(lab.heard, ["a long welcomerow", "ended"]);
  assertEquals([lab.first.heard, lab.suspicions, lab.again], ["helloquery", 0, undefined]);
});

const RESET = new Error("reset");

Deno.test("RetriedSocket: where an upstream fails without a word that is down, what was sent goes to the next connection", async () => {
  const lab = new Lab();
  await lab.write("hel");
  await lab.end(RESET);
  assertEquals([lab.suspicions, lab.first.closes], [1, 1], "it is closed before the next comes");
  await lab.write("lo");
  await lab.connect(lab.second);
  assertEquals([lab.second.heard, ...lab.heard], ["hello", "", undefined]);
  lab.second.say("welcome");
  await lab.write("query");
  lab.second.end();
  await settled();
  assertEquals([lab.second.heard, ...lab.heard], ["helloquery", "welcome", "ended"]);
});

Deno.test("RetriedSocket: where an upstream fails without a word that is up, so does the connection", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.end(RESET);
  await lab.connect(undefined);
  assertEquals(lab.heard, ["", RESET.message]);
});

Deno.test("RetriedSocket: where an upstream ends without a word that is down, what was sent goes to the next connection", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.end();
  assertEquals([lab.suspicions, lab.first.closes, ...lab.heard], [1, 1, "", undefined]);
  await lab.connect(lab.second);
  lab.second.say("welcome");
  await settled();
  assertEquals([lab.second.heard, ...lab.heard], ["hello", "welcome", undefined]);
});

Deno.test("RetriedSocket: where an upstream ends without a word that is up, so does the connection", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.end();
  await lab.connect(undefined);
  assertEquals(lab.heard, ["", "ended"]);
});

Deno.test("RetriedSocket: where an upstream ends without a word to a request that wants none, so does the connection", async () => {
  const lab = new Lab();
  await lab.write("cancel");
  await lab.end();
  assertEquals([...lab.heard, lab.suspicions, lab.again], ["", "ended", 0, undefined]);
});

Deno.test("RetriedSocket: a header before that is none of the request, and goes to the next connection, too", async () => {
  const silent = new Lab("header".length);
  await silent.write("header");
  await silent.write("cancel");
  await silent.end();
  assertEquals([...silent.heard, silent.suspicions], ["", "ended", 0]);
  const refused = new Lab("header".length);
  await refused.write("header");
  await refused.write("hello");
  await refused.say("refused");
  await refused.end();
  await refused.connect(refused.second);
  assertEquals([refused.second.heard, ...refused.heard], ["headerhello", "", undefined]);
});

Deno.test("RetriedSocket: a refusal of an upstream that is suspected is held back, and is not heard where it is down", async () => {
  const lab = new Lab();
  await lab.write("hello");
  lab.held = true;
  await lab.say("stopping");
  await lab.end();
  assertEquals(lab.heard, ["", undefined]);
  await lab.connect(lab.second);
  lab.second.say("welcome");
  await settled();
  assertEquals([lab.second.heard, ...lab.heard], ["hello", "welcome", undefined]);
});

Deno.test("RetriedSocket: a first word behind which there is no end is held back for a moment at most", async () => {
  const lab = new Lab();
  lab.held = true;
  await lab.say("password");
  assertEquals(lab.heard, ["", undefined]);
  await lab.clock.advance(HOLD_MS);
  assertEquals(lab.heard, ["password", undefined]);
  await lab.say("welcome");
  await lab.end();
  assertEquals([...lab.heard, lab.again], ["passwordwelcome", "ended", undefined]);
});

Deno.test("RetriedSocket: a first word that was held back is heard when the upstream is found up", async () => {
  const lab = new Lab();
  lab.held = true;
  await lab.say("word");
  assertEquals(lab.heard, ["", undefined]);
  await lab.rise();
  assertEquals(lab.heard, ["word", undefined]);
  await lab.say("welcome");
  assertEquals([...lab.heard, lab.suspicions], ["wordwelcome", undefined, 0]);
});

Deno.test("RetriedSocket: a refusal is the first sign that an upstream is down, and is not heard", async () => {
  const lab = new Lab();
  await lab.write("ask");
  await lab.say("N");
  await lab.write("hello");
  await lab.say("refused");
  assertEquals([...lab.heard, lab.suspicions], ["N", undefined, 0]);
  await lab.end();
  assertEquals([...lab.heard, lab.suspicions, lab.first.closes], ["N", undefined, 1, 1]);
  await lab.connect(lab.second);
  lab.second.say("N");
  await settled();
  lab.second.say("welcome");
  await settled();
  assertEquals([lab.second.heard, ...lab.heard], ["askhello", "Nwelcome", undefined]);
});

Deno.test("RetriedSocket: a refusal of an upstream that is up is heard as it is", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.say("refused");
  await lab.end();
  assertEquals([...lab.heard, lab.suspicions], ["", undefined, 1]);
  await lab.connect(undefined);
  assertEquals(lab.heard, ["refused", "ended"]);
});

Deno.test("RetriedSocket: a word as long as a refusal is heard soon where no end comes behind it", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.say("options");
  assertEquals(lab.heard, ["", undefined]);
  await lab.clock.advance(END_MS);
  assertEquals(lab.heard, ["options", undefined]);
  await lab.end();
  assertEquals([...lab.heard, lab.suspicions, lab.again], ["options", "ended", 0, undefined]);
});

Deno.test("RetriedSocket: a refusal whose end is late is not heard where there has been another sign meanwhile", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.say("refused");
  lab.held = true;
  await lab.clock.advance(END_MS);
  assertEquals(lab.heard, ["", undefined]);
  await lab.end();
  await lab.connect(lab.second);
  lab.second.say("welcome");
  await settled();
  assertEquals([lab.second.heard, ...lab.heard], ["hello", "welcome", undefined]);
});

Deno.test("RetriedSocket: a shorter first word is heard at once, and so is each behind a request too long for a session", async () => {
  for (const [request, word] of [["hello", "salted"], ["hello in TLS", "refused"]] as const) {
    const lab = new Lab();
    await lab.write(request);
    await lab.say(word);
    assertEquals(lab.heard, [word, undefined]);
    await lab.end();
    assertEquals([...lab.heard, lab.suspicions, lab.again], [word, "ended", 0, undefined]);
  }
});

Deno.test("RetriedSocket: a first word behind which there is more is heard at once", async () => {
  const lab = new Lab();
  lab.held = true;
  await lab.say("a");
  assertEquals(lab.heard, ["a", undefined]);
  await lab.say("word");
  assertEquals(lab.heard, ["a", undefined]);
  await lab.say("more");
  assertEquals(lab.heard, ["awordmore", undefined]);
});

Deno.test("RetriedSocket: what has begun is not tried again", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.say("a long welcome");
  lab.held = true;
  await lab.end();
  assertEquals([...lab.heard, lab.again], ["a long welcome", "ended", undefined]);
});

Deno.test("RetriedSocket: nor is what is more than is kept", async () => {
  const lab = new Lab();
  await lab.write("x".repeat(MAX_KEPT_BYTES + 1));
  await lab.end(RESET);
  assertEquals([...lab.heard, lab.again], ["", RESET.message, undefined]);
});

Deno.test("RetriedSocket: an answer that was heard is awaited again, and not heard again", async () => {
  const lab = new Lab();
  await lab.write("TLS?");
  await lab.say("N");
  await lab.write("hello");
  lab.held = true;
  await lab.say("refused");
  await lab.end();
  await lab.connect(lab.second);
  assertEquals(lab.second.heard, "TLS?");
  lab.second.say("N");
  await settled();
  assertEquals(lab.second.heard, "TLS?hello");
  lab.second.say("welcome");
  await settled();
  assertEquals(lab.heard, ["Nwelcome", undefined]);
});

Deno.test("RetriedSocket: where the upstream is up, or there is no other connection in time, what was held back is heard", async () => {
  const lab = new Lab();
  lab.held = true;
  await lab.say("stopping");
  await lab.end();
  await lab.connect(undefined);
  assertEquals(lab.heard, ["stopping", "ended"]);
  lab.socket.close();
  assertEquals(lab.first.closes, 1);
  await assertRejects(async () => await lab.socket.write(new Uint8Array(1)));
});

Deno.test("RetriedSocket: the second connection is the last", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.end(RESET);
  await lab.connect(lab.second);
  lab.second.end(RESET);
  await settled();
  assertEquals(lab.heard, ["", RESET.message]);
});

Deno.test("RetriedSocket.write: more than is kept, while there is no connection, takes the wish back", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.end(RESET);
  await assertRejects(async () => await lab.socket.write(new Uint8Array(MAX_KEPT_BYTES)));
  assertEquals(lab.giveUps, 1);
  await lab.connect(undefined);
  assertEquals(lab.heard, ["", RESET.message]);
});

Deno.test("RetriedSocket.closeWrite: a client that has gone has nothing tried again", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.socket.closeWrite();
  await lab.end(RESET);
  assertEquals([lab.first.ended, ...lab.heard, lab.suspicions], [true, "", RESET.message, 0]);
});

Deno.test("RetriedSocket.closeWrite: one that goes meanwhile takes the wish back, and ends what still comes", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.end(RESET);
  await lab.socket.closeWrite();
  assertEquals(lab.giveUps, 1);
  await lab.connect(lab.second);
  assertEquals([lab.second.heard, lab.second.ended, ...lab.heard], ["", true, "", undefined]);
  lab.second.end();
  await settled();
  assertEquals(lab.heard, ["", "ended"]);
  lab.socket.close();
  assertEquals([lab.first.closes, lab.second.closes], [1, 1]);
});

Deno.test("RetriedSocket.close: takes the wish back, and closes what still comes", async () => {
  const lab = new Lab();
  await lab.end(RESET);
  lab.socket.close();
  assertEquals([lab.first.closes, lab.giveUps], [1, 1]);
  await lab.connect(lab.second);
  assertEquals(lab.second.closes, 1);
});

Deno.test("RetriedSocket.close: nothing is tried again of what is held back", async () => {
  const lab = new Lab();
  lab.held = true;
  await lab.say("stopping");
  lab.socket.close();
  await settled();
  assertEquals([lab.first.closes, lab.again], [1, undefined]);
});

Deno.test("RetriedSocket.close: a refusal that is held back is no sign any more", async () => {
  const lab = new Lab();
  await lab.write("hello");
  await lab.say("refused");
  lab.socket.close();
  await settled();
  assertEquals([lab.first.closes, lab.suspicions, lab.again], [1, 0, undefined]);
});

Deno.test("RetriedSocket: where an upstream that is down ends before it was asked anything, the next one is asked", async () => {
  const lab = new Lab();
  await lab.write("TLS?");
  await lab.say("N");
  await lab.end();
  await lab.write("hello");
  await lab.connect(lab.second);
  lab.second.say("N");
  await settled();
  assertEquals([lab.second.heard, ...lab.heard], ["TLS?hello", "N", undefined]);
});

Deno.test("RetriedSocket: what the client sends while what was kept is sent again is not lost", async () => {
  for (let steps = 0; steps < 40; steps++) {
    const lab = new Lab();
    await lab.write("ask");
    await lab.say("N");
    await lab.end(RESET);
    lab.again?.resolve(lab.second);
    lab.second.say("N");
    for (let i = 0; i < steps; i++) await undefined;
    await lab.write("hello");
    assertEquals(lab.second.heard, "askhello", `${steps} steps later`);
  }
});
