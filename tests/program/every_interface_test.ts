/** `:PORT` is every interface, whatever the system makes of IPv6. Imports nothing from lib/. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { commandLine, Conversation, type Ended } from "../support/program.ts";
import { ADMIN_SERVED, IPV6, OWN_NETWORK, run, testWith } from "../support/servers.ts";
import { until } from "../support/sockets.ts";

const PERMISSIONS = ["--allow-net"];
const HOSTS = ["127.0.0.1", "::1"];

/** A poolgate in a network of its own, until the test disposes of it. */
class Apart implements AsyncDisposable {
  #poolgate: Conversation;
  notes = "";

  private constructor(poolgate: Conversation) {
    this.#poolgate = poolgate;
  }

  /** @param setting What the network is set to, for sysctl. */
  static async open(setting: string, ...args: string[]): Promise<Apart> {
    const network = `ip link set lo up && sysctl -qw ${setting} && exec "$@"`;
    const script = `exec unshare --net bash -c '${network}' bash "$@"`;
    const apart = new Apart(Conversation.inShell(script, { args, permissions: PERMISSIONS }));
    await apart.noted("listening at ");
    return apart;
  }

  /** Waits for a note. */
  async noted(what: string): Promise<void> {
    while (!this.notes.includes(what)) {
      const note = await this.#poolgate.note();
      if (note === "") throw new Error(`it has not noted ${what}, but: ${this.notes}`);
      this.notes += note;
    }
  }

  /** Runs a program in its network. */
  run(program: string, ...args: string[]): Promise<Ended> {
    return run("nsenter", ["--target", `${this.#poolgate.pid}`, "--net", program, ...args]);
  }

  /** What a client hears first that comes to an address; nothing where there is no way in. */
  async hears(host: string, port: string, request = ""): Promise<string> {
    const script = `exec 3<>"/dev/tcp/$0/$1" && printf "$2" >&3 && IFS= read -r line <&3 &&
      printf %s "$line"`;
    return (await this.run("bash", "-c", script, host, port, request)).stdout;
  }

  /** The port in one of its notes. */
  port(place: "admin" | "listening"): string {
    return new RegExp(`${place} at \\S*:(\\d+)`).exec(this.notes)?.[1] ?? "none";
  }

  signal(signal: Deno.Signal): void {
    this.#poolgate.signal(signal);
  }

  stats(): ReturnType<Conversation["stats"]> {
    return this.#poolgate.stats();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#poolgate.exit();
  }
}

const SYSTEMS = {
  "takes IPv4 at IPv6 sockets": "net.ipv6.bindv6only=0",
  "keeps IPv6 sockets from IPv4": "net.ipv6.bindv6only=1",
};
const PROGRAMS = ["unshare", "nsenter", "ip", "sysctl", OWN_NETWORK, IPV6];

for (const [system, setting] of Object.entries(SYSTEMS)) {
  for (const [port, adminPort] of [["9800", "9801"], ["0", "0"]]) {
    const name =
      `--listen :${port}, --admin :${adminPort}: a system that ${system} takes IPv4 and IPv6`;
    testWith([ADMIN_SERVED, ...PROGRAMS], name, async () => {
      await using poolgate = await Apart.open(
        setting,
        ...["--listen", `:${port}`, "--admin", `:${adminPort}`],
      );
      for (const host of HOSTS) {
        assertMatch(await poolgate.hears(host, poolgate.port("listening")), /"connected"/, host);
        const request = "GET /healthz HTTP/1.0\\r\\n\\r\\n";
        const answer = await poolgate.hears(host, poolgate.port("admin"), request);
        assertMatch(answer, /^HTTP\/1\.[01] 200 OK\r$/, host);
      }
    });
  }

  testWith(PROGRAMS, `SIGTERM: on a system that ${system}, all sockets are closed`, async () => {
    let client: Promise<Ended>;
    {
      await using poolgate = await Apart.open(setting, "--listen", ":9800");
      // A client that has a place keeps poolgate from its end.
      client = poolgate.run("bash", "-c", "exec 3<>/dev/tcp/::1/9800 && cat <&3");
      await until("it has a place", async () => (await poolgate.stats()).active === 1);
      poolgate.signal("SIGTERM");
      await poolgate.noted("draining");
      for (const host of HOSTS) {
        await until(`${host} is closed`, async () => {
          const { stderr } = await poolgate.run("bash", "-c", `exec 3<>/dev/tcp/${host}/9800`);
          return stderr.includes("Connection refused");
        });
      }
    }
    assertStringIncludes((await client).stdout, '"connected"');
  });

  for (const [taken, owner] of [["IPv4", "0.0.0.0"], ["IPv6", "[::]"]]) {
    const name = `--listen :PORT: taken in ${taken} on a system that ${system} is exit 2`;
    testWith(PROGRAMS, name, async () => {
      await using poolgate = await Apart.open(setting, "--listen", `${owner}:9800`);
      const [program, args] = commandLine({
        args: ["--listen", ":9800"],
        permissions: PERMISSIONS,
      });
      const { code, stderr } = await poolgate.run(program, ...args);
      assertEquals(code, 2, stderr);
      assertMatch(stderr, /^poolgate: listening at :9800 \(--listen\) is not possible: Address al/);
    });
  }
}
