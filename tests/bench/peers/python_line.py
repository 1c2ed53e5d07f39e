"""The peer in Python: json, a flush a line. Well-formed requests only."""
import json
import sys

active = set()
queue = {}
limits = {"max_connections": 100, "backlog_size": 100}


def connect(client):
    if client in active:
        return "connected"
    if client in queue:
        return "queued"
    if len(active) < limits["max_connections"]:
        active.add(client)
        return "connected"
    if len(queue) < limits["backlog_size"]:
        queue[client] = None
        return "queued"
    return "rejected"


def disconnect(client):
    if client not in active:
        queue.pop(client, None)
        return None
    active.remove(client)
    if not queue or len(active) >= limits["max_connections"]:
        return None
    head = next(iter(queue))
    del queue[head]
    active.add(head)
    return head


def main():
    name = ""
    for messages, line in enumerate(sys.stdin):
        request = json.loads(line)
        body = request["body"]
        answer = {"type": body["type"] + "_ok", "in_reply_to": body["msg_id"]}
        if body["type"] == "pool_connect":
            answer["status"] = connect(body["client_id"])
        elif body["type"] == "pool_disconnect":
            answer["promoted"] = disconnect(body["client_id"])
        elif body["type"] == "pool_config":
            limits.update(body)
        elif body["type"] == "init":
            name = body["node_id"]
        if "client_id" in body:
            answer["active"] = len(active)
            answer["queued"] = len(queue)
        answer["msg_id"] = messages
        print(json.dumps({"src": name, "dest": request["src"], "body": answer}), flush=True)


main()
