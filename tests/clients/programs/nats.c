#include <nats/nats.h>
#include <stdio.h>

/* A client of NATS, with its defaults; the argument is the port. */
int main(int argc, char **argv) {
  char url[64];
  natsConnection *connection = NULL;
  snprintf(url, sizeof url, "nats://ann:secret@127.0.0.1:%s", argv[argc - 1]);
  if (natsConnection_ConnectTo(&connection, url) == NATS_OK) return 0;
  nats_PrintLastErrorStack(stdout);
  return 1;
}
