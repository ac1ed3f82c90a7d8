-- Keeps a batch of records of issued credentials as one value, and drops the oldest batches beyond a number of records.
-- KEYS[1] decision-batches: by its number a batch, the JSON of one record a line, and at `size:<number>` how many these are;
--         `last` the number of the newest, `dropped` that of the newest which is gone, `records` how many records there are
-- ARGV[1] how many records to keep   ARGV[2] how many these are   ARGV[3] their lines, each with its end
-- Returns nothing.
local held = redis.call('HMGET', KEYS[1], 'last', 'dropped', 'records')
local last = (tonumber(held[1]) or 0) + 1
local dropped = tonumber(held[2]) or 0
local records = (tonumber(held[3]) or 0) + tonumber(ARGV[2])
while records > tonumber(ARGV[1]) and dropped < last - 1 do
  dropped = dropped + 1
  records = records - (tonumber(redis.call('HGET', KEYS[1], 'size:' .. dropped)) or 0)
  redis.call('HDEL', KEYS[1], dropped, 'size:' .. dropped)
end
-- alone there are as many as these, whatever somebody may have done to the hash
if dropped >= last - 1 then
  dropped = last - 1
  records = tonumber(ARGV[2])
end
redis.call('HSET', KEYS[1], last, ARGV[3], 'size:' .. last, ARGV[2], 'last', last, 'dropped', dropped, 'records', records)
