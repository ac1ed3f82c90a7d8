-- Appends records of issued credentials and drops the oldest beyond a number.
-- KEYS[1] decisions   ARGV[1] about how many to keep   ARGV[2] the JSON of one record a line, each line with its end
-- Returns how many were appended.
local lines = ARGV[2]
local appended = 0
local from = 1
local line_end = string.find(lines, '\n', from, true)
while line_end do
  redis.call('XADD', KEYS[1], '*', 'record', string.sub(lines, from, line_end - 1))
  appended = appended + 1
  from = line_end + 1
  line_end = string.find(lines, '\n', from, true)
end
-- once: with each of them would take an eighth of the time
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[1])
return appended
