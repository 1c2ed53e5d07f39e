-- ARGV: gate, batch, the last batch that was answered or 0, replay, op...: `+7` join, `*7` join
-- uncounted, `-7` leave, `/7` leave uncounted, `!` reject. Adds to the reply for each op: what became
-- of it, a, q, and the ticket or the client of this gate that was promoted for it, -1 where there is
-- none.
if not enter() then return FENCED end
local batch = tonumber(ARGV[2])
-- It may come late, over a connection long given up.
if batch <= mine.seq or mine.registering then return FENCED end
-- The server has lost what it has answered, and with it who knows what.
if tonumber(ARGV[3]) > mine.seq then return FENCED end
if not begin() then return FENCED end
call('HSET', gateKey(me), 'seq', batch)

local PLACED, QUEUED, REJECTED, LEFT, UNKNOWN, COUNTED = 0, 1, 2, 3, 4, 5
local NONE = -1
local replay = ARGV[4] == '1'
local places, queue = placesKey(me), queueKey(me)
local uncounted = mine.uncounted

-- Older ones who wait go first, those of this gate also when nobody can tell them.
local function mayEnter()
  if not hasRoom() or mine.paused then return false end
  if p.q == 0 then return true end
  return fill() and hasRoom() and not (mine.deaf and call('ZCARD', queue) > 0)
end

local function join(client, counted)
  if replay then
    if call('SISMEMBER', places, client) == 1 then return PLACED, NONE end
    local ticket = call('ZSCORE', queue, client)
    if ticket then return QUEUED, tonumber(ticket) end
  end
  if mayEnter() then
    call('SADD', places, client)
    p.a = p.a + 1
    if counted then p.tj = p.tj + 1 else p.u = p.u + 1; uncounted = uncounted + 1 end
    return PLACED, NONE
  end
  if counted and p.q >= p.b + p.u then
    p.tr = p.tr + 1
    return REJECTED, NONE
  end
  p.t = math.max(p.t + 1, us)
  call('ZADD', queue, p.t, client)
  if not (mine.paused or mine.deaf) then call('ZADD', HEADS, 'NX', p.t, me) end
  p.q = p.q + 1
  if counted then p.tq = p.tq + 1 else p.u = p.u + 1; uncounted = uncounted + 1 end
  return QUEUED, p.t
end

local function leave(client, counted)
  local placed = call('SREM', places, client) == 1
  if not placed and call('ZREM', queue, client) == 0 then return UNKNOWN, NONE end
  if counted then p.tl = p.tl + 1 else p.u = p.u - 1; uncounted = uncounted - 1 end
  if not placed then
    p.q = p.q - 1
    return LEFT, NONE
  end
  p.a = p.a - 1
  if p.q == 0 then return LEFT, NONE end
  local _, g, first = fill()
  return LEFT, g == me and first or NONE
end

local OPS = {
  ['+'] = function(n) return join(n, true) end,
  ['*'] = function(n) return join('-' .. n, false) end,
  ['-'] = function(n) return leave(n, true) end,
  ['/'] = function(n) return leave('-' .. n, false) end,
  ['!'] = function()
    p.tr = p.tr + 1
    return COUNTED, NONE
  end,
}

local results = {}
for i = 5, #ARGV do
  local op = ARGV[i]
  local result, value = OPS[string.sub(op, 1, 1)](string.sub(op, 2))
  local at = #results
  results[at + 1], results[at + 2], results[at + 3], results[at + 4] = result, p.a, p.q, value
end
if uncounted ~= mine.uncounted then call('HSET', gateKey(me), 'u', uncounted) end
local out = reply()
local at = #out
for i = 1, #results do out[at + i] = results[i] end
return out
