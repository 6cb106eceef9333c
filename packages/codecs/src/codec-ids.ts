/** The ids of Shale's own codecs, as they are stored. 0 marks an integer as decimal text, which needs no codec. */
export const codecIds = { integer: 0, cbor: 1, json: 2, msgpack: 3, v8: 4, bytes: 5 } as const

/** The first id that is free for others. */
export const firstCustomId = 128

/** The last id there is. */
export const lastId = 255

/** What people call each of Shale's own codecs, under its id. */
export const codecNames: ReadonlyMap<number, string> = new Map(Object.entries(codecIds).map(([name, id]) => [id, name]))
