#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>

/* A client of Modbus, with its defaults; the argument is the port. */
int main(int argc, char **argv) {
  modbus_t *client = modbus_new_tcp("127.0.0.1", atoi(argv[argc - 1]));
  uint16_t value;
  if (modbus_connect(client) == 0 && modbus_read_registers(client, 1, 1, &value) == 1) return 0;
  puts(modbus_strerror(errno));
  return 1;
}
