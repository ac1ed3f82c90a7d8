-- Books one paid credential and takes it off the stream: its expected bytes into the ledger, what was set aside for it
-- into what is spent, with our estimate of each scope apart, which the bill is compared with. One script, so each counts once, whichever ledger books it and wherever that dies.
-- KEYS[1] paid-issues  KEYS[2] spend:<day>  KEYS[3] spend:<month>  KEYS[4] reserved-spend:<day>
-- KEYS[5] reserved-spend:<month>  KEYS[6] ledger:<row name>  KEYS[7] ledger-day:<day>  KEYS[8] ledger-days
-- ARGV[1] stream id  ARGV[2] micro-USD  ARGV[3] app  ARGV[4] scope of all apps  ARGV[5] provider
-- ARGV[6] bytes in  ARGV[7] bytes out  ARGV[8] row name  ARGV[9] day  ARGV[10] ttl of what is spent in a day (s)
-- ARGV[11] in a month  ARGV[12] 1, or -1 where it is taken back
-- Returns 1 where it was booked, 0 where another ledger has booked it.
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end

if ARGV[2] ~= '0' then
  for offset = 0, 1 do
    for _, scope in ipairs({ ARGV[3], ARGV[4] }) do
      redis.call('HINCRBY', KEYS[2 + offset], scope, ARGV[2])
      if offset == 0 then redis.call('HINCRBY', KEYS[2], '=' .. ARGV[5] .. ':' .. scope, ARGV[2]) end
    end
    redis.call('EXPIRE', KEYS[2 + offset], ARGV[10 + offset])
    -- what is reserved goes with its ttl, and so does not outlive a Redis that lost its last seconds
    if redis.call('EXISTS', KEYS[4 + offset]) == 1 then
      for _, scope in ipairs({ ARGV[3], ARGV[4] }) do
        if redis.call('HINCRBY', KEYS[4 + offset], scope, string.format('%.0f', -ARGV[2])) == 0 then redis.call('HDEL', KEYS[4 + offset], scope) end
      end
    end
  end
end

redis.call('HINCRBY', KEYS[2], '#' .. ARGV[5], ARGV[12])
redis.call('EXPIRE', KEYS[2], ARGV[10])
redis.call('HINCRBY', KEYS[6], 'bytesIn', ARGV[6])
redis.call('HINCRBY', KEYS[6], 'bytesOut', ARGV[7])
redis.call('SADD', KEYS[7], ARGV[8])
redis.call('ZADD', KEYS[8], 0, ARGV[9])
return 1
