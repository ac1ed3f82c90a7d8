-- Sets aside what a paid credential is expected to cost, if every budget has it left whole, and tells the ledger of it.
-- Replicas ask here before they ask the provider, so all of them together never pass a budget.
-- KEYS[1] paid-issues  KEYS[2] budgets  KEYS[3] spend:<day>  KEYS[4] spend:<month>  KEYS[5] reserved-spend:<day>
-- KEYS[6] reserved-spend:<month>
-- ARGV[1] micro-USD, negative where a credential was not handed out after all; '' where nobody knows
-- ARGV[2] app  ARGV[3] scope of all apps  ARGV[4] JSON of the issue  ARGV[5] ttl of what is reserved of a day (s)
-- ARGV[6] of a month  ARGV[7] '1': whatever the budgets say, for it has happened
-- Returns '' where it was set aside, else which cap stands against it: '<scope> day' or '<scope> month'.
local amount = tonumber(ARGV[1]) or 0
local PERIODS = { { 'day', 'dayMicroUsd', 3, 5 }, { 'month', 'monthMicroUsd', 4, 6 } }

if ARGV[7] ~= '1' then
  for _, scope in ipairs({ ARGV[2], ARGV[3] }) do
    local json = redis.call('HGET', KEYS[2], scope)
    local budget = json and cjson.decode(json)
    if budget and budget.action == 'deny-spill' then
      for _, period in ipairs(PERIODS) do
        local cap = tonumber(budget[period[2]])
        if cap then
          local stands = (redis.call('HGET', KEYS[period[3]], scope) or 0) + (redis.call('HGET', KEYS[period[4]], scope) or 0)
          if ARGV[1] == '' or stands + amount > cap then return scope .. ' ' .. period[1] end
        end
      end
    end
  end
end

if amount ~= 0 then
  local text = string.format('%.0f', amount)
  for offset = 0, 1 do
    for _, scope in ipairs({ ARGV[2], ARGV[3] }) do redis.call('HINCRBY', KEYS[5 + offset], scope, text) end
    redis.call('EXPIRE', KEYS[5 + offset], ARGV[5 + offset])
  end
end
redis.call('XADD', KEYS[1], '*', 'issue', ARGV[4])
return ''
