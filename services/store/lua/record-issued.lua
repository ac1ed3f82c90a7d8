-- Keeps a batch of records of issued credentials as one value, and drops the oldest batches beyond a number of records.
-- KEYS[1] decision-batches: by its number a batch, the JSON of one record a line, and at `size:<number>` how many these are;
--         `last` the number of the newest, `dropped` that of the newest which is gone, `records` how many records there are
-- ARGV[1] how many records to keep   ARGV[2] how many these are   ARGV[3] their lines, each with its end
local last = redis.call('HINCRBY', KEYS[1], 'last', 1)
redis.call('HSET', KEYS[1], last, ARGV[3], 'size:' .. last, ARGV[2])
local records = redis.call('HINCRBY', KEYS[1], 'records', ARGV[2])
local dropped = 0
while records > tonumber(ARGV[1]) and dropped < last do
  dropped = redis.call('HINCRBY', KEYS[1], 'dropped', 1)
  local size = redis.call('HGET', KEYS[1], 'size:' .. dropped)
  if size then
    records = redis.call('HINCRBY', KEYS[1], 'records', -size)
    redis.call('HDEL', KEYS[1], dropped, 'size:' .. dropped)
  end
end
