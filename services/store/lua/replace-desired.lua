-- Changes a wish, unless somebody else has changed it since it was read.
-- KEYS[1] desired:<node>   ARGV[1] JSON it was read as   ARGV[2] JSON it shall be
-- Returns 1 where it was changed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
