-- ARGV: gate. Adds to the reply for each gate: its number, name, clients with a place and waiting,
-- whether it is paused, ms since its lease was renewed.
if not enter() then return FENCED end
if not begin() then return FENCED end
p.last = now
call('ZADD', LEASES, now + mine.lease, me)

local out = reply()
local leases = call('ZRANGE', LEASES, 0, -1, 'WITHSCORES')
for i = 1, #leases, 2 do
  local g = leases[i]
  local known = call('HMGET', gateKey(g), 'name', 'ps', 'l')
  local age = now - (leases[i + 1] - (tonumber(known[3]) or p.l))
  local entry = {
    g, known[1] or '', call('SCARD', placesKey(g)), call('ZCARD', queueKey(g)),
    known[2] == '1' and 1 or 0, math.max(0, age),
  }
  for _, value in ipairs(entry) do out[#out + 1] = value end
end
return out
