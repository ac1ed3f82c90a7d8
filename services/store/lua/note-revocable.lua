-- Notes credentials that can be revoked, and keeps to the bounds: of a user, and of a shard, those that live longest stay.
-- KEYS[1] revocable:<shard>, a sorted set `<user tag> <username>` by expiry (ms)
-- ARGV[1] now (ms)  ARGV[2] kept a user  ARGV[3] kept a shard  then three values a credential: user tag, username, expiry (ms)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local tags = {}
for at = 4, #ARGV, 3 do
  redis.call('ZADD', KEYS[1], ARGV[at + 2], ARGV[at] .. ' ' .. ARGV[at + 1])
  tags[ARGV[at] .. ' '] = 0
end
-- the longest life first; of users that nothing was noted of nothing is to be taken
for _, member in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  local tag = string.match(member, '^%S+ ')
  if tags[tag] then
    tags[tag] = tags[tag] + 1
    if tags[tag] > tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], member) end
  end
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[3] - 1)
local longest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if longest[2] then redis.call('PEXPIREAT', KEYS[1], longest[2]) end
return redis.status_reply('OK')
