-- Appends records of issued credentials and drops the oldest beyond a number.
-- KEYS[1] decisions   ARGV[1] about how many to keep   ARGV[2] one record a line, each the JSON of one
-- Returns how many were appended.
local appended = 0
for record in string.gmatch(ARGV[2], '[^\n]+') do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'record', record)
  appended = appended + 1
end
return appended
