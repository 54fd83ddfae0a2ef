-- Frees slots, and counts tokens that were used in the place of those that were claimed.
-- KEYS: one for each claim. ARGV: now in milliseconds ('' for this server's clock), the slot's name, the second in which
-- they were taken, the tokens that were used ('' when that is not known), the seconds of a window, and for each claim
-- its kind, limit and amount.
local now = tonumber(ARGV[1])
if not now then
  now = redis.call('TIME')[1] * 1000
end
local slot, taken_at, tokens, span = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local second = math.floor(now / 1000)
for i, key in ipairs(KEYS) do
  local kind, limit, amount = ARGV[3 + i * 3], tonumber(ARGV[4 + i * 3]), tonumber(ARGV[5 + i * 3])
  if kind == 'max_parallel_requests' then
    redis.call('ZREM', key, slot)
  elseif kind == 'tokens' and tokens ~= '' then
    amount = math.max(1, math.min(amount, limit))
    local counted = tonumber(redis.call('HGET', key, taken_at) or 0)
    if counted > amount then
      redis.call('HSET', key, taken_at, string.format('%.0f', counted - amount))
    elseif counted > 0 then
      redis.call('HDEL', key, taken_at)
    end
    if tokens ~= '0' then
      redis.call('HINCRBY', key, second, tokens)
      redis.call('PEXPIRE', key, (span + 2) * 1000)
    end
  end
end
return 1
