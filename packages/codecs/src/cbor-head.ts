/** How many bytes the head of an item takes whose argument is below 2^32. */
export function headSize(argument: number): number {
  return argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x10000 ? 3 : 5
}

/** Writes the head of an item, its major type in the upper bits of `major`; gives the position behind it. */
export function writeHead(target: Buffer, pos: number, major: number, argument: number): number {
  if (argument < 24) target[pos] = major | argument
  else if (argument < 0x100) {
    target[pos] = major | 24
    target[pos + 1] = argument
  } else if (argument < 0x10000) {
    target[pos] = major | 25
    target.writeUInt16BE(argument, pos + 1)
  } else {
    target[pos] = major | 26
    target.writeUInt32BE(argument, pos + 1)
  }
  return pos + headSize(argument)
}
