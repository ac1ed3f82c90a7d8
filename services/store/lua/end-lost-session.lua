-- Closes a session of which nothing was heard, at what is known of it; a late row still corrects it.
-- KEYS[1] sessions:open  KEYS[2] sessions:ended  KEYS[3] session:<member>  KEYS[4] ledger:<row of now>
-- KEYS[5] ledger-day:<day of now>  KEYS[6] ledger-days  KEYS[7] open:<app>
-- ARGV[1] member  ARGV[2] silent since at the latest (ms)  ARGV[3] now (ms)  ARGV[4] ttl of the record (s)
-- ARGV[5] row name of now  ARGV[6] day of now  ARGV[7] its credential
-- ARGV[8] 'nobody' (probes, of which no list of the ended asks), or whose it is
-- Returns 1 where it closed the session, 0 where it has spoken since or is closed already.
local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not last or tonumber(last) > tonumber(ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('HGET', KEYS[3], 'state') ~= 'open' then return 0 end
redis.call('HSET', KEYS[3], 'state', 'lost', 'lostRow', KEYS[4])
redis.call('EXPIRE', KEYS[3], ARGV[4])
redis.call('HINCRBY', KEYS[4], 'lostSessions', 1)
redis.call('SADD', KEYS[5], ARGV[5])
redis.call('ZADD', KEYS[6], 0, ARGV[6])
if ARGV[8] ~= 'nobody' then redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1]) end
if redis.call('HINCRBY', KEYS[7], ARGV[7], -1) <= 0 then redis.call('HDEL', KEYS[7], ARGV[7]) end
return 1
