-- Appends records of issued credentials and drops the oldest beyond a number.
-- KEYS[1] decisions   ARGV[1] about how many to keep   ARGV[2..] JSON of one record each
-- Returns how many were appended.
for index = 2, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'record', ARGV[index])
end
return #ARGV - 1
