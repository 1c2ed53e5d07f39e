-- ARGV: gate, done, paused, how many have a place, these..., then client and ticket of each that
-- waits... Both may exceed the limits by it.
if not enter() then return FENCED end
-- A part that comes late would put back clients that have left since.
if mine.seq > 0 then return FENCED end
if not begin() then return FENCED end

-- Fewer than Lua can hand over at once.
local SLICE = 1000
local count = tonumber(ARGV[4])
for i = 5, 4 + count, SLICE do
  local last = math.min(i + SLICE - 1, 4 + count)
  p.a = p.a + call('SADD', placesKey(me), unpack(ARGV, i, last))
end
for i = 5 + count, #ARGV, 2 do
  local ticket = tonumber(ARGV[i + 1])
  p.q = p.q + call('ZADD', queueKey(me), 'NX', ticket, ARGV[i])
  p.t = math.max(p.t, ticket)
end
if ARGV[2] == '1' then
  mine.paused, mine.registering = ARGV[3] == '1', nil
  call('HSET', gateKey(me), 'ps', ARGV[3])
  call('HDEL', gateKey(me), 'reg')
  call('SREM', AWAIT, me)
  setHead()
end
return reply()
