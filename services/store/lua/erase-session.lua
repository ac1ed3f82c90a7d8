-- Takes the user tag off the record of a session, if there still is one.
-- KEYS[1] session:<member>
-- Returns 1 where there was.
if redis.call('HEXISTS', KEYS[1], 'userTag') == 0 then return 0 end
redis.call('HSET', KEYS[1], 'userTag', '')
return 1
