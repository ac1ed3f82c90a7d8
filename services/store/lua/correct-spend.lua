-- Puts a provider's bill of one day in the place of our estimate of it, for one scope.
-- KEYS[1] spend:<day>  KEYS[2] spend:<month>
-- ARGV[1] provider  ARGV[2] scope  ARGV[3] micro-USD on the bill  ARGV[4] '1': the bill is final, so it may be less than
-- the estimate; before that it may merely be late  ARGV[5] ttl of the day (s)  ARGV[6] of the month
-- Returns our estimate.
local estimate = tonumber(redis.call('HGET', KEYS[1], '=' .. ARGV[1] .. ':' .. ARGV[2]) or '0')
local field = '~' .. ARGV[1] .. ':' .. ARGV[2]
local before = tonumber(redis.call('HGET', KEYS[1], field) or '0')
local correction = tonumber(ARGV[3]) - estimate
if correction < 0 and ARGV[4] ~= '1' then correction = 0 end

if correction ~= before then
  for index = 1, 2 do
    redis.call('HINCRBY', KEYS[index], ARGV[2], string.format('%.0f', correction - before))
    redis.call('EXPIRE', KEYS[index], ARGV[4 + index])
  end
  redis.call('HSET', KEYS[1], field, string.format('%.0f', correction))
end
return string.format('%.0f', estimate)
