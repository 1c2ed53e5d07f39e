-- ARGV: gate, done, paused, how many have a place, these..., then client and ticket of each that
-- waits... Both may exceed the limits by it. A client is written as it is kept.
if not enter() then return FENCED end
-- A part that comes late would put back clients that have left since.
if mine.seq > 0 then return FENCED end
if not begin() then return FENCED end

local function uncountedAmong(first, last, step)
  local count = 0
  for i = first, last, step do
    if isUncounted(ARGV[i]) then count = count + 1 end
  end
  return count
end

-- Fewer than Lua can hand over at once.
local SLICE = 1000
local last = 4 + tonumber(ARGV[4])
local held, waiting = uncountedAmong(5, last, 1), uncountedAmong(last + 1, #ARGV, 2)
local a, q = p.a, p.q
for i = 5, last, SLICE do
  p.a = p.a + call('SADD', placesKey(me), unpack(ARGV, i, math.min(i + SLICE - 1, last)))
end
for i = last + 1, #ARGV, 2 do
  local ticket = tonumber(ARGV[i + 1])
  p.q = p.q + call('ZADD', queueKey(me), 'NX', ticket, ARGV[i])
  p.t = math.max(p.t, ticket)
end
p.tj, p.tq, p.u = p.tj + p.a - a - held, p.tq + p.q - q - waiting, p.u + held + waiting
if held + waiting > 0 then call('HINCRBY', gateKey(me), 'u', held + waiting) end
if ARGV[2] == '1' then
  mine.paused, mine.registering = ARGV[3] == '1', nil
  call('HSET', gateKey(me), 'ps', ARGV[3])
  call('HDEL', gateKey(me), 'reg')
  call('SREM', AWAIT, me)
  setHead()
end
return reply()
