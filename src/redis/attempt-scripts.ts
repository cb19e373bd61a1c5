/**
 * The scripts of {@link RedisSignInAttempts}. A counter is a hash with the number of `tries`, the `start` of its window,
 * and the `id` of the window, so that a try is taken back only where it was counted. Redis removes it with its window.
 */

// A window whose start is in the future is from before the clock of Redis was set back. It begins anew, so that no wait is
// longer than a window.
const counters = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local period, id = tonumber(ARGV[1]), ARGV[2]

local function triesOf(key)
  local seen = redis.call('HMGET', key, 'tries', 'start')
  local tries, start = tonumber(seen[1] or 0), tonumber(seen[2] or now)
  if start > now then
    start = now
    redis.call('HSET', key, 'start', string.format('%.0f', now))
    redis.call('PEXPIRE', key, period)
  end
  return tries, start + period - now
end

local function count(key)
  if redis.call('HINCRBY', key, 'tries', 1) == 1 then
    redis.call('HSET', key, 'start', string.format('%.0f', now), 'id', id)
    redis.call('PEXPIRE', key, period)
    return id
  end
  return redis.call('HGET', key, 'id') or id
end
`;

// An empty id is of an attempt that this object did not begin: the counter of today is meant.
const takingBack = `
local function isOf(key, id)
  local known = redis.call('HGET', key, 'id')
  return known and (id == '' or known == id)
end

local function takeBack(key, tries)
  if redis.call('HINCRBY', key, 'tries', -tries) <= 0 then redis.call('DEL', key) end
end
`;

/** KEYS: the address. ARGV: window (ms), id, limit. Returns {1, id} or, if it refuses, {0, milliseconds to wait}. */
export const beginAtAddress = `${counters}
local tries, rest = triesOf(KEYS[1])
if tries >= tonumber(ARGV[3]) then return {0, rest} end
return {1, count(KEYS[1])}
`;

/**
 * KEYS: the account, the pair, the waiting tries, the known addresses, the site at the account. ARGV: window (ms), id, limit of
 * the pair, quick tries, first delay (ms), longest delay (ms), most waiting, spelling, site, first tries of a site. Returns
 * {1, id of the account, id of the pair, delay, id of the site} or {0, milliseconds to wait}. The id of the site is empty
 * unless the try is the first one of its address. It is the rule of `slowingOf`, and `oneToYield` makes room for a try of
 * another site.
 */
export const beginAtAccount = `${counters}
local quick, first, longest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local mostWaiting, spelling, site = tonumber(ARGV[7]), ARGV[8], ARGV[9]

local function siteOf(member) return string.match(member, '^%S+') end

local function makeRoom()
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 5000)
  redis.call('ZREMRANGEBYSCORE', KEYS[3], now + longest + 5000, '+inf')
  local waiting, shares, largest = redis.call('ZRANGE', KEYS[3], 0, -1), {}, 0
  if #waiting < mostWaiting then return true end
  for _, member in ipairs(waiting) do
    local share = siteOf(member)
    shares[share] = (shares[share] or 0) + 1
    largest = math.max(largest, shares[share])
  end
  if largest <= (shares[site] or 0) + 1 then return false end
  for index = #waiting, 1, -1 do
    if shares[siteOf(waiting[index])] == largest then
      redis.call('ZREM', KEYS[3], waiting[index])
      return true
    end
  end
end

local tried, rest = triesOf(KEYS[2])
if tried >= tonumber(ARGV[3]) then return {0, rest} end
local tries, delay = triesOf(KEYS[1]), 0
local isFirst = tried == 0 and triesOf(KEYS[5]) < tonumber(ARGV[10])
if tries >= quick and not redis.call('ZSCORE', KEYS[4], spelling) then
  delay = math.floor(math.min(longest, first * 2 ^ (tries - quick)))
  if not isFirst and not makeRoom() then return {0, longest} end
end
local pair = count(KEYS[2])
redis.call('HINCRBY', KEYS[2], 'of:' .. spelling, 1)
if delay > 0 and not isFirst then
  redis.call('ZADD', KEYS[3], string.format('%.0f', now + delay), site .. ' ' .. id)
  redis.call('PEXPIRE', KEYS[3], longest + 60000)
end
return {1, count(KEYS[1]), pair, delay, isFirst and count(KEYS[5]) or ''}
`;

/** KEYS: the address. ARGV: id. */
export const takeBackAtAddress = `${takingBack}
if isOf(KEYS[1], ARGV[1]) then takeBack(KEYS[1], 1) end
return 1
`;

/**
 * KEYS: the account, the pair, the known addresses, the site at the account. ARGV: ids of the account and the pair, spelling,
 * for how many milliseconds a success is remembered, or 0 without one, and the id of the site, which is empty unless the try
 * was the first one of its address. A success takes back all tries of its spelling.
 */
export const takeBackAtAccount = `${takingBack}
local field = 'of:' .. ARGV[3]
local memory = tonumber(ARGV[4])
if isOf(KEYS[2], ARGV[2]) then
  local own = tonumber(redis.call('HGET', KEYS[2], field) or 0)
  local less = memory > 0 and own or math.min(own, 1)
  if less > 0 then
    redis.call('HINCRBY', KEYS[2], field, -less)
    takeBack(KEYS[2], less)
  end
end
if isOf(KEYS[1], ARGV[1]) then takeBack(KEYS[1], 1) end
if ARGV[5] ~= '' and isOf(KEYS[4], ARGV[5]) then takeBack(KEYS[4], 1) end
if memory > 0 then
  local clock = redis.call('TIME')
  redis.call('ZADD', KEYS[3], clock[1], ARGV[3])
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', clock[1] - memory / 1000)
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -51)
  redis.call('PEXPIRE', KEYS[3], memory)
end
return 1
`;
