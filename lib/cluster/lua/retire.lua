-- ARGV: gate. It leaves for good, with all its clients.
if not enter() then return FENCED end
if not begin() then return FENCED end
reap(me)
mine = nil
return reply()
