-- Takes every record of one user out of a range of batches. What is left of a batch keeps its places: ids stay what they are.
-- KEYS[1] decision-batches   ARGV[1] first batch   ARGV[2] last batch   ARGV[3] user tag
-- Returns how many records were taken out.
-- as JSON.stringify spells it; within a value its quotes would be escaped
local own = '"userTag":"' .. ARGV[3] .. '"'
local erased = 0
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local batch = redis.call('HGET', KEYS[1], number)
  if batch and string.find(batch, own, 1, true) then
    local kept = {}
    for line in string.gmatch(batch, '([^\n]*)\n') do
      if string.find(line, own, 1, true) then
        erased = erased + 1
        line = ''
      end
      kept[#kept + 1] = line .. '\n'
    end
    redis.call('HSET', KEYS[1], number, table.concat(kept))
  end
end
return erased
