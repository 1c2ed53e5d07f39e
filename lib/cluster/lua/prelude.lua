#!lua
-- What all scripts begin with: the pool and its gates as they are now, leases that are over, and
-- how waiting clients are promoted. KEYS[1] is the pool; all other keys begin with it. A script
-- reads and checks before its first write, since Lua is not rolled back.
--
-- {POOL}           hash   the figures of FIELDS; `run`, run id of the server; `fn` `fb`, the limits
--                         that flags asked for last
-- {POOL}:leases    zset   gate -> when its lease ends, in ms of the server's clock
-- {POOL}:heads     zset   gate -> ticket of its first waiting client, or less: a client that leaves
--                         from the middle is one ZREM, and `fill` corrects the head when it comes
--                         up. Only gates whose clients may be promoted are in it.
-- {POOL}:await     set    gates that are waited for while `hold` lasts; NOBODY_KNOWS
-- {POOL}:g:<gate>  hash   `name`; `l` lease, in ms; `seq` last batch; `pn` promotions told; `ps`
--                         paused; `deaf`, nobody listens at its channel; `u` uncounted clients;
--                         `reg` when it began to register, in ms, until it is done
-- {POOL}:q:<gate>  zset   client -> ticket: who waits
-- {POOL}:a:<gate>  set    clients with a place. An uncounted client n is kept as -n, in both.
-- {POOL}:c:<gate>  channel for `told a q n b paused client...`
local call = redis.call
local POOL = KEYS[1]
local LEASES, HEADS, AWAIT = POOL .. ':leases', POOL .. ':heads', POOL .. ':await'

-- The most that one call may do, so that it keeps others waiting for a few ms at most.
local MAX_PROMOTIONS = 500
local MAX_REAPED = 16
-- Stands in `await` for gates that a server without data knows nothing of.
local NOBODY_KNOWS = '0'
-- The whole reply to a gate whose number is not known, or known no more.
local FENCED = -1

-- n b limits; a q clients with a place and waiting; u uncounted among them; t last ticket; g last
-- gate; l longest lease, in ms; hold nobody is let in before, in ms; last renewal heard, in ms;
-- tj tq tp tr tl totals: connected, queued, promoted, rejected, disconnected.
local FIELDS = {
  'n', 'b', 'a', 'q', 'u', 't', 'g', 'l', 'hold', 'last', 'paused', 'tj', 'tq', 'tp', 'tr', 'tl',
}

-- Numbers of 15 digits and more are no whole numbers in Lua's own writing.
local function int(value)
  return string.format('%.0f', value)
end

local time = call('TIME')
local us = time[1] * 1000000 + time[2]
local now = math.floor(us / 1000)

local p, stored = {}, call('HMGET', POOL, unpack(FIELDS))
for i, field in ipairs(FIELDS) do
  stored[i] = tonumber(stored[i]) or 0
  p[field] = stored[i]
end

local function gateKey(g) return POOL .. ':g:' .. g end
local function queueKey(g) return POOL .. ':q:' .. g end
local function placesKey(g) return POOL .. ':a:' .. g end

-- The gate that calls; `mine` is what is known of it.
local me, mine
local promoted, promotedGates, reaped = {}, {}, {}
local budget, more, newsForAll = MAX_PROMOTIONS, false, false

local function isHeld()
  if p.hold == 0 then return false end
  if now < p.hold and call('SCARD', AWAIT) > 0 then return true end
  p.hold = 0
  call('UNLINK', AWAIT)
  return false
end

local function hasRoom()
  return p.a < p.n and p.paused == 0 and not isHeld()
end

local listening = {}
local function isListening(g)
  if listening[g] == nil then
    listening[g] = call('PUBSUB', 'SHARDNUMSUB', POOL .. ':c:' .. g)[2] > 0
  end
  return listening[g]
end

-- Takes the calling gate into `heads`, or puts it right there.
local function setHead()
  if mine.paused or mine.deaf or mine.registering then return end
  local first = call('ZRANGE', queueKey(me), 0, 0, 'WITHSCORES')
  if first[1] then call('ZADD', HEADS, first[2], me) end
end

local function isUncounted(client)
  return string.byte(client) == 45
end

local function promote(g, client)
  call('ZREM', queueKey(g), client)
  call('SADD', placesKey(g), client)
  p.a, p.q, budget = p.a + 1, p.q - 1, budget - 1
  if isUncounted(client) then client = string.sub(client, 2) else p.tp = p.tp + 1 end
  local told = promoted[g]
  if not told then
    told = {}
    promoted[g] = told
    promotedGates[#promotedGates + 1] = g
  end
  told[#told + 1] = client
end

-- Promotes the clients with the least tickets for as long as there is room. Returns whether all
-- were promoted that may be, and the first: its gate and itself.
local function fill()
  local firstGate, first
  while hasRoom() do
    local head = call('ZRANGE', HEADS, 0, 0, 'WITHSCORES')
    local g = head[1]
    if not g then break end
    if budget == 0 then
      more = true
      return false, firstGate, first
    end
    local waiting = call('ZRANGE', queueKey(g), 0, 1, 'WITHSCORES')
    if not waiting[1] then
      call('ZREM', HEADS, g)
    elseif waiting[2] ~= head[2] then
      call('ZADD', HEADS, waiting[2], g)
    elseif not isListening(g) then
      call('ZREM', HEADS, g)
      call('HSET', gateKey(g), 'deaf', 1)
      if g == me then mine.deaf = true end
    else
      if waiting[3] then call('ZADD', HEADS, waiting[4], g) else call('ZREM', HEADS, g) end
      promote(g, waiting[1])
      if not firstGate then firstGate, first = g, promoted[g][#promoted[g]] end
    end
  end
  return true, firstGate, first
end

-- Takes a gate out with all its clients: the same few steps however many these are. They have left;
-- if the gate is back, it registers those that it has, and they have come.
local function reap(g)
  local active, queued = call('SCARD', placesKey(g)), call('ZCARD', queueKey(g))
  local known = call('HMGET', gateKey(g), 'name', 'u')
  local uncounted = tonumber(known[2]) or 0
  p.a, p.q, p.u = p.a - active, p.q - queued, p.u - uncounted
  p.tl = p.tl + active + queued - uncounted
  call('UNLINK', placesKey(g), queueKey(g), gateKey(g))
  call('ZREM', LEASES, g)
  call('ZREM', HEADS, g)
  call('SREM', AWAIT, g)
  return known[1] or '', active, queued
end

-- A new era: that nobody was heard proves nothing of any gate. All leases start anew, nobody is let
-- in until each gate has come back, but for half a lease at most, and all is counted again. So it
-- is where the server's clock jumps, forward or back.
local function beginEra()
  isHeld()
  local gates = call('ZRANGE', LEASES, 0, -1)
  p.a, p.q, p.u, p.last = 0, 0, 0, now
  for _, g in ipairs(gates) do
    local known = call('HMGET', gateKey(g), 'l', 'u')
    call('ZADD', LEASES, now + (tonumber(known[1]) or p.l), g)
    call('SADD', AWAIT, g)
    p.a = p.a + call('SCARD', placesKey(g))
    p.q = p.q + call('ZCARD', queueKey(g))
    p.u = p.u + (tonumber(known[2]) or 0)
  end
  if gates[1] or p.hold > 0 then p.hold = now + p.l / 2 end
end

local function nextLease()
  return call('ZRANGE', LEASES, 0, 0, 'WITHSCORES')
end

local function reapDue()
  if math.abs(now - p.last) > p.l / 2 then beginEra() end
  for _ = 1, MAX_REAPED do
    local due = nextLease()
    if not due[1] or tonumber(due[2]) > now then return end
    local name, active, queued = reap(due[1])
    if due[1] == me then mine = nil end
    reaped[#reaped + 1] = { name, active, queued }
  end
end

local function readGate(g)
  local known = call('HMGET', gateKey(g), 'seq', 'pn', 'ps', 'deaf', 'reg', 'l', 'u')
  if not known[1] then return nil end
  return {
    seq = tonumber(known[1]),
    told = tonumber(known[2]),
    paused = known[3] == '1',
    deaf = known[4] == '1',
    registering = known[5],
    lease = tonumber(known[6]),
    uncounted = tonumber(known[7]) or 0,
  }
end

-- A gate may be promoted somebody again as soon as somebody listens at its channel.
local function hear()
  if mine.deaf and isListening(me) then
    mine.deaf = false
    call('HDEL', gateKey(me), 'deaf')
    setHead()
  end
end

-- Promotes whom it may, tells the other gates, and keeps the figures.
local function commit()
  if p.q > 0 then fill() end
  isHeld()
  local news = table.concat({ int(p.a), int(p.q), int(p.n), int(p.b), int(p.paused) }, ' ')
  for _, g in ipairs(newsForAll and call('ZRANGE', LEASES, 0, -1) or promotedGates) do
    local clients = promoted[g] or {}
    local told = call('HINCRBY', gateKey(g), 'pn', #clients)
    if g == me then
      mine.told = told
    else
      table.insert(clients, 1, told .. ' ' .. news)
      call('SPUBLISH', POOL .. ':c:' .. g, table.concat(clients, ' '))
    end
  end
  local changed = {}
  for i, field in ipairs(FIELDS) do
    if p[field] ~= stored[i] then
      changed[#changed + 1] = field
      changed[#changed + 1] = p[field]
    end
  end
  if changed[1] then call('HSET', POOL, unpack(changed)) end
end

-- What every reply begins with; what a script adds to it comes behind.
local function reply()
  commit()
  local due = nextLease()
  local own = promoted[me] or {}
  -- node-redis reads a number as large as a limit may be wrongly, but not as text.
  local out = {
    p.a, p.q, int(p.n), int(p.b), p.paused, mine and mine.told or 0,
    due[1] and math.max(0, due[2] - now) or p.l, isHeld() and math.ceil(p.hold - now) or 0,
    more and 1 or 0, p.tj, p.tq, p.tp, p.tr, p.tl, #own,
  }
  for _, client in ipairs(own) do out[#out + 1] = client end
  out[#out + 1] = #reaped
  for _, gate in ipairs(reaped) do
    for _, value in ipairs(gate) do out[#out + 1] = value end
  end
  return out
end

-- Begins each call but `attach`. Returns whether the gate is known; `mine` is nil where its own
-- lease is over.
local function enter()
  me = ARGV[1]
  mine = readGate(me)
  return mine ~= nil
end

-- What is due before the work. Where it returns false the call is to be answered FENCED.
local function begin()
  reapDue()
  if not mine then
    commit()
    return false
  end
  if p.hold > 0 and not mine.registering then call('SREM', AWAIT, me) end
  hear()
  return true
end
