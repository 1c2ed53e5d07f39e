-- ARGV: gate, paused.
if not enter() then return FENCED end
if not begin() then return FENCED end
mine.paused = ARGV[2] == '1'
call('HSET', gateKey(me), 'ps', ARGV[2])
if mine.paused then call('ZREM', HEADS, me) else setHead() end
return reply()
