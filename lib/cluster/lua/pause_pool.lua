-- ARGV: gate, paused. Adds to the reply how many clients of all gates were promoted.
if not enter() then return FENCED end
if not begin() then return FENCED end
local paused = tonumber(ARGV[2])
newsForAll = p.paused ~= paused
p.paused = paused
local out = reply()
out[#out + 1] = MAX_PROMOTIONS - budget
return out
