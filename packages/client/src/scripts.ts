/**
 * Replaces or removes the entry if it holds what is expected. KEYS: the key. ARGV: what is expected, and, where it
 * is to be replaced, the new value and the options of SET. Gives 1 or 0.
 */
export const swapScript: string = `local v=redis.pcall('GET',KEYS[1])
if type(v)=='table' then if string.find(v.err,'WRONGTYPE',1,true) then return 0 end return v end
if v~=ARGV[1] then return 0 end
if #ARGV==1 then return redis.call('DEL',KEYS[1]) end
redis.call('SET',KEYS[1],unpack(ARGV,2))
return 1`

/** Makes the entry persistent. KEYS: the key. Gives whether it is there; PERSIST would give 0 for one without a ttl. */
export const persistScript: string = `if redis.call('EXISTS',KEYS[1])==0 then return 0 end
redis.call('PERSIST',KEYS[1])
return 1`

/** What `incrScript` gives instead of a number. */
export const incrFailures: { readonly missing: 'missing'; readonly type: 'type'; readonly range: 'range' } = {
  missing: 'missing',
  type: 'type',
  range: 'range',
}

/**
 * Adds to an integer that is there. KEYS: the key. ARGV: by how much. Gives the sum, or one of `incrFailures`. A sum
 * that a JavaScript number cannot hold is undone by exact integer arithmetic, so that the text is what it was. The sum comes
 * as text: node-redis reads integers next to 2^53 with an error of one.
 */
export const incrScript: string = `if redis.call('EXISTS',KEYS[1])==0 then return '${incrFailures.missing}' end
local r=redis.pcall('INCRBY',KEYS[1],ARGV[1])
if type(r)=='number' then
if r>9007199254740991 or r< -9007199254740991 then redis.call('DECRBY',KEYS[1],ARGV[1]) return '${incrFailures.range}' end
return string.format('%.0f',r)
end
if string.find(r.err,'WRONGTYPE',1,true) then return '${incrFailures.type}' end
if string.find(r.err,'overflow',1,true) then return '${incrFailures.range}' end
if string.find(r.err,'not an integer',1,true) then
if string.find(redis.call('GET',KEYS[1]),'^%-?[1-9]%d*$') then return '${incrFailures.range}' end
return '${incrFailures.type}'
end
return r`

/** What an entry holds and how long it will, of one moment. KEYS: the key. Gives value and PTTL, or nil. */
export const getWithTtlScript: string = `local v=redis.call('GET',KEYS[1])
if not v then return false end
return {v,redis.call('PTTL',KEYS[1])}`

/** Removes an entry and gives what it was, as `getWithTtlScript` does. KEYS: the key. */
export const takeScript: string = `local v=redis.call('GET',KEYS[1])
if not v then return false end
local t=redis.call('PTTL',KEYS[1])
redis.call('DEL',KEYS[1])
return {v,t}`

/**
 * Stores an entry if its key is absent and its lease is held by the token, and ends that lease. KEYS: the key, its lease. ARGV:
 * the token, the value, the options of SET. Gives 1 or 0.
 */
export const fillScript: string = `if redis.call('GET',KEYS[2])~=ARGV[1] then return 0 end
redis.call('DEL',KEYS[2])
if redis.call('EXISTS',KEYS[1])==1 then return 0 end
redis.call('SET',KEYS[1],unpack(ARGV,2))
return 1`
