/**
 * What `--help` prints.
 *
 * @module
 */

import { GATE_DEFAULTS } from "./gate_options.ts";
import { MAX_LIMIT } from "../pool/limits.ts";
import { DEFAULT_LIMITS } from "./options.ts";

export const HELP = `poolgate: lets N clients in at once, keeps the next B waiting in order of
arrival, and turns the rest away, saying so.

Usage: poolgate [FLAG]...

Reads requests from stdin, one JSON message a line, and answers them on stdout
in the same order, until stdin ends. Notes for the operator go to stderr.
With --listen, every connection is a client of the pool as well, and the end of
stdin ends nothing: SIGTERM and SIGINT do, and a second one at once.

Flags:
  --max-connections N  how many clients are let in at once, from 0 (nobody) to
                       ${MAX_LIMIT}, until a pool_config. Default ${DEFAULT_LIMITS.maxConnections}.
  --backlog-size B     how many more may wait for a place, in the same range,
                       until a pool_config. Default ${DEFAULT_LIMITS.backlogSize}.
  --node-id NAME       the name that replies come from until an init.
                       Default: the name that each request is addressed to.
  --log-format FORMAT  how notes are written: text or json. Default text.
  --quiet              write no notes, only errors. Default false.
  --help, -h           print this text.
  --version            print the version.

Flags for connections:
  --listen ADDR        take connections at HOST:PORT, [V6]:PORT, :PORT (every
                       interface) or unix:/path. Port 0 takes a free one.
                       Each connection is told in the messages of the pool
                       whether it is connected, queued or rejected.
  --upstream ADDR      instead of that, join each connection that has a place
                       to this service, byte for byte.
  --service NAME       what the upstream speaks: http, postgres, mysql or redis.
                       Sets how one that is turned away is told, how the
                       upstream is checked, and lets PostgreSQL's cancels pass
                       the queue. Default: nothing is known of it.
  --check-interval DUR how often the --service is checked while it is up; it is
                       at the start, and while it is down. Default ${GATE_DEFAULTS.checkInterval}.
  --check-fall N       how many checks in a row have to fail until it counts as
                       down, from 1. Default ${GATE_DEFAULTS.checkFall}.
  --check-rise N       how many have to succeed until it is up again, from 1.
                       Default ${GATE_DEFAULTS.checkRise}.
  --check-path PATH    with --service http, what a check asks for. Default ${GATE_DEFAULTS.checkPath}
  --check-status CODE  with --service http, the status that it is answered with.
                       Default: any below 500.
  --queue-timeout DUR  how long a connection may wait for a place, such as
                       500ms, 30s, 5m or 2h; 0 for no limit, as for each
                       duration here. Default ${GATE_DEFAULTS.queueTimeout}.
  --connect-timeout DUR
                       how long one that has a place waits for the upstream.
                       Default ${GATE_DEFAULTS.connectTimeout}.
  --idle-timeout DUR   how long one that has a place may be silent: no byte
                       either way, which cuts a query that runs longer, or
                       without an upstream no line of its own. Default ${GATE_DEFAULTS.idleTimeout}.
  --max-lifetime DUR   how long one may keep its place; then it is evicted, also
                       amidst a query. Clients of stdin have no connection
                       that could be ended, and keep theirs. Default ${GATE_DEFAULTS.maxLifetime}.
  --drain-timeout DUR  how long those that have a place may go on after a
                       signal to end; what the upstream has under way for
                       them, a second more. Default ${GATE_DEFAULTS.drainTimeout}.
  --upstream-linger DUR
                       how long the upstream may go on for a client that is
                       gone, whose place it keeps until it has ended; 0 closes
                       it at once. Default ${GATE_DEFAULTS.upstreamLinger}.
  --max-per-source N   how many connections of one source may be in the pool
                       and its queue together, from 1. A source is an IPv4
                       address, or an IPv6 network. Those over a Unix socket
                       have none. Default: any number.
  --max-waiting-per-source N
                       how many connections of one source may wait, from 1.
                       Default: any number.
  --source-prefix-v6 BITS
                       how long the prefix of an IPv6 network is, from 1 to
                       128: it counts as one source. Default ${GATE_DEFAULTS.sourcePrefixV6}.
  --reject-as FORMAT   what a connection hears that is turned away: close
                       (nothing), line (a message of the pool), and with an
                       upstream also http (503), postgres, mysql or redis (an
                       error). Default: the --service; without one, close
                       with an upstream, line without.
  --proxy-protocol V   tell the upstream the client's address, as v1 or v2.
                       Take v2 with --listen unix:, where clients have none.
                       PostgreSQL and Redis take neither. Default: do not.
  --log-connections    note each connection. Default false.

Flags for operators:
  --admin ADDR         serve a live page, metrics for Prometheus (/metrics),
                       health (/healthz, /readyz) and JSON (/api/stats) over
                       HTTP at this address, to whoever reaches it.
  --admin-token TOKEN  permit changes on the page and under /api to whoever has
                       this token. Other programs see a flag: the environment
                       variable is better. Default: no changes.

All but the last two of the first group are environment variables too:
POOLGATE_MAX_CONNECTIONS for --max-connections, and so on; POOLGATE_QUIET and
POOLGATE_LOG_CONNECTIONS are true, false, 1 or 0. An empty variable counts as
none, and a flag wins over its variable. From source, they are read with:
deno run --allow-env='POOLGATE_*' main.ts

Examples. One place and nobody may wait:
  $ printf '%s\\n' \\
      '{"src":"c1","dest":"n1","body":{"type":"pool_connect","msg_id":1,"client_id":"ann"}}' \\
      '{"src":"c1","dest":"n1","body":{"type":"pool_connect","msg_id":2,"client_id":"bob"}}' |
    poolgate --max-connections 1 --backlog-size 0
  {"src": "n1", "dest": "c1", "body": {"type": "pool_connect_ok", "in_reply_to": 1, "status": "connected", "active": 1, "queued": 0, "msg_id": 0}}
  {"src": "n1", "dest": "c1", "body": {"type": "pool_connect_ok", "in_reply_to": 2, "status": "rejected", "active": 1, "queued": 0, "msg_id": 1}}

PostgreSQL with 20 connections at most, 100 more waiting for up to 30 seconds:
  $ poolgate --listen :6432 --upstream 127.0.0.1:5432 --max-connections 20 \\
      --backlog-size 100 --queue-timeout 30s --service postgres

Exit status: 0 at the end of input, when the peer at stdin or stdout went away,
or after a signal; 1 when stdin or stdout failed; 2 when the command line is
wrong or there is no listening at ADDR.`;
