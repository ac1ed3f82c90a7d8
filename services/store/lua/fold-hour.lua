-- Folds one hour's row into its day's row, once.
-- KEYS[1] ledger:<hour row>  KEYS[2] ledger:<day row>  KEYS[3] ledger-day:<day>
-- ARGV[1] name of the hour row  ARGV[2] name of the day row
-- Returns 1 where the hour was folded, 0 where it was already.
if redis.call('SREM', KEYS[3], ARGV[1]) == 0 then return 0 end
local row = redis.call('HGETALL', KEYS[1])
for index = 1, #row, 2 do redis.call('HINCRBY', KEYS[2], row[index], row[index + 1]) end
redis.call('DEL', KEYS[1])
redis.call('SADD', KEYS[3], ARGV[2])
return 1
