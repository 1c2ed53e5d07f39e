// The peer in Node: readline, JSON.parse, a write a line. Well-formed requests only.
import { createInterface } from "node:readline";

const active = new Set();
const queue = new Set();
let head = queue.values();
let limits = { max_connections: 100, backlog_size: 100 };
let name = "";
let messages = 0;

function connect(client) {
  if (active.has(client)) return "connected";
  if (queue.has(client)) return "queued";
  if (active.size < limits.max_connections) return active.add(client), "connected";
  if (queue.size < limits.backlog_size) return queue.add(client), "queued";
  return "rejected";
}

function disconnect(client) {
  if (!active.delete(client)) {
    queue.delete(client);
    return null;
  }
  if (queue.size === 0 || active.size >= limits.max_connections) return null;
  // One iterator for all promotions: a new one would walk over the gaps of those that have left.
  let next = head.next();
  if (next.done) next = (head = queue.values()).next();
  queue.delete(next.value);
  active.add(next.value);
  return next.value;
}

function fields(body) {
  const counts = () => `, "active": ${active.size}, "queued": ${queue.size}`;
  switch (body.type) {
    case "pool_connect":
      return `, "status": "${connect(body.client_id)}"${counts()}`;
    case "pool_disconnect":
      return `, "promoted": ${JSON.stringify(disconnect(body.client_id))}${counts()}`;
    case "pool_config":
      limits = body;
      return "";
    case "init":
      name = body.node_id;
      return "";
  }
}

function reply({ src, body }) {
  const own = fields(body);
  return `{"src": ${JSON.stringify(name)}, "dest": ${
    JSON.stringify(src)
  }, "body": {"type": "${body.type}_ok", ` +
    `"in_reply_to": ${body.msg_id}${own}, "msg_id": ${messages++}}}\n`;
}

createInterface({ input: process.stdin, crlfDelay: Infinity })
  .on("line", (line) => process.stdout.write(reply(JSON.parse(line))));
