#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

/* A client of Redis, with its defaults; the argument is the port. */
int main(int argc, char **argv) {
  redisContext *context = redisConnect("127.0.0.1", atoi(argv[argc - 1]));
  redisReply *reply = redisCommand(context, "GET key");
  puts(reply == NULL ? context->errstr : reply->str);
  return reply == NULL || reply->type == REDIS_REPLY_ERROR;
}
