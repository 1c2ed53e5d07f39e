-- ARGV: gate or 0, name, run id, lease in ms, n, b (both empty where the gate adopts the limits
-- there are), anew, n and b for a pool that none has set. Adds to the reply: gate, known, created,
-- last batch, clients with a place...
local old, name, run, lease = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local asked = { n = tonumber(ARGV[5]), b = tonumber(ARGV[6]) }
local created = p.l == 0

me = old
mine = old ~= '0' and readGate(old) or nil
if created then
  p.n, p.b, p.l, p.last = asked.n or tonumber(ARGV[8]), asked.b or tonumber(ARGV[9]), lease, now
  p.hold = now + lease / 2
  call('SADD', AWAIT, NOBODY_KNOWS)
else
  p.l = call('ZCARD', LEASES) == 0 and lease or math.max(p.l, lease)
  if call('HGET', POOL, 'run') ~= run then beginEra() end
  reapDue()
end
call('HSET', POOL, 'run', run)
p.last = now

-- Three ways, as kubectl apply: a gate that is started again with the flags it had does not undo
-- what an operator has set since.
for field, value in pairs(asked) do
  if tonumber(call('HGET', POOL, 'f' .. field) or '') ~= value then
    call('HSET', POOL, 'f' .. field, value)
    newsForAll = newsForAll or p[field] ~= value
    p[field] = value
  end
end

-- One that did not come to the end of its registration has not all its clients here.
local known = mine ~= nil and not mine.registering and ARGV[7] == '0'
if not known then
  p.g = math.max(p.g + 1, tonumber(old) + 1, us)
  local new = int(p.g)
  local since
  if old ~= '0' then
    -- However often it begins anew, half a lease is all that others wait for it.
    since = mine and tonumber(mine.registering) or now
    p.hold = math.max(p.hold, since + lease / 2)
    call('SADD', AWAIT, new)
    if mine then reap(old) end
  end
  call('HSET', gateKey(new), 'name', name, 'seq', 0, 'pn', 0)
  if since then call('HSET', gateKey(new), 'reg', since) end
  me, mine = new, { seq = 0, told = 0, registering = since, uncounted = 0 }
end
call('HSET', gateKey(me), 'l', lease)
call('ZADD', LEASES, now + lease, me)
if known then hear() end

local out = reply()
local at = #out
out[at + 1], out[at + 2], out[at + 3], out[at + 4] = me, known and 1 or 0, created and 1 or 0, mine.seq
if known then
  for _, client in ipairs(call('SMEMBERS', placesKey(me))) do out[#out + 1] = client end
end
return out
