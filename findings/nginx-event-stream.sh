#!/usr/bin/env bash
# When does nginx pass on the events of a stream that sends a short one each second?
#
# Seen with nginx 1.22.1 (Debian 12's package), before a server that sends an event of 1,000 bytes
# at once, and then each second: nginx gathers them until a buffer is full, so that the first one
# comes after 4 s, and with proxy_buffer_size 16k not within 10 s. An answer with
# `X-Accel-Buffering: no` is passed on as it comes, also with compression on.
# Usage: nginx-event-stream.sh    (on Debian 12, with apt-get and python3; exits with 1 when
# something else is seen)
set -euo pipefail
dir=$(mktemp -d)
pids=()
# shellcheck disable=SC2317,SC2329 # called by the trap
finish() {
  [ "${#pids[@]}" = 0 ] || kill "${pids[@]}" 2> /dev/null || true
  wait
  rm -rf "$dir"
}
trap finish EXIT

(cd "$dir" && apt-get download --quiet nginx > /dev/null 2>&1)
dpkg-deb --extract "$dir"/nginx_*.deb "$dir/root"
nginx=$dir/root/usr/sbin/nginx
version=$("$nginx" -v 2>&1)

cat > "$dir/server.py" <<'PY'
import http.server, sys, time
class Events(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if "unbuffered" in self.path: self.send_header("X-Accel-Buffering", "no")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"data: " + b"x" * 992 + b"\n\n"); time.sleep(1)
        except OSError: pass
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Events)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 "$dir/server.py" > "$dir/port" & pids+=($!)
until [ -s "$dir/port" ]; do sleep 0.1; done
upstream=http://127.0.0.1:$(cat "$dir/port")

cat > "$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/pid; error_log $dir/log;
events { }
http {
  access_log off; client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;
  uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
  server {
    listen unix:$dir/nginx.sock;
    location /plain/ { proxy_pass $upstream; }
    location /large/ { proxy_pass $upstream; proxy_buffer_size 16k; proxy_buffers 8 16k; }
    location /compressed/ { proxy_pass $upstream; gzip on; gzip_types *; gzip_proxied any; }
  }
}
CONF
"$nginx" -p "$dir" -c "$dir/nginx.conf" & pids+=($!)
until [ -S "$dir/nginx.sock" ]; do sleep 0.1; done

cat > "$dir/first.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(10); start = time.time()
s.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n" % sys.argv[2]).encode())
heard = b""
try:
    while not heard.partition(b"\r\n\r\n")[2]: heard += s.recv(65536)
    took = time.time() - start
    print("at once" if took < 1 else "after 3 to 5 s" if 3 < took < 5 else "after %.1f s" % took)
except TimeoutError: print("not within 10 s")
PY
changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}
first() {
  python3 "$dir/first.py" "$dir/nginx.sock" "$1"
}
expect "version" "nginx version: nginx/1.22.1" "$version"
expect "the first event, as nginx is" "after 3 to 5 s" "$(first /plain/)"
expect "the first event, with buffers of 16k" "not within 10 s" "$(first /large/)"
expect "the same with X-Accel-Buffering: no" "at once" "$(first /large/unbuffered)"
expect "the same with compression" "at once" "$(first /compressed/unbuffered)"
exit "$changed"
