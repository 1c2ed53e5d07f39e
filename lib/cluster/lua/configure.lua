-- ARGV: gate, n, b, either empty where it stays. Adds to the reply how many clients of all gates
-- were promoted.
if not enter() then return FENCED end
if not begin() then return FENCED end
local n, b = tonumber(ARGV[2]) or p.n, tonumber(ARGV[3]) or p.b
newsForAll = n ~= p.n or b ~= p.b
p.n, p.b = n, b
local out = reply()
out[#out + 1] = MAX_PROMOTIONS - budget
return out
