-- Takes what was spent out of token buckets, each as far as it goes. A bucket holds a minute's worth and refills evenly.
-- KEYS one bucket each: hash {tokens, at}   ARGV two values a bucket: tokens a minute, tokens to take
-- Returns two numbers a bucket: tokens taken, tokens left (rounded down).
local MINUTE_MS = 60000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
for index, bucket in ipairs(KEYS) do
  local most, wanted = tonumber(ARGV[index * 2 - 1]), tonumber(ARGV[index * 2])
  local held = redis.call('HMGET', bucket, 'tokens', 'at')
  local tokens = most
  if held[1] then tokens = math.min(most, held[1] + math.max(0, now - held[2]) * most / MINUTE_MS) end
  local taken = math.min(wanted, math.floor(tokens))
  tokens = tokens - taken
  redis.call('HSET', bucket, 'tokens', string.format('%.6f', tokens), 'at', now)
  -- a bucket that has been left alone for a minute is full, which is what no bucket means
  redis.call('PEXPIRE', bucket, MINUTE_MS)
  answer[index * 2 - 1] = taken
  answer[index * 2] = math.floor(tokens)
end
return answer
