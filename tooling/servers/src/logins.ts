/** A user, as `ACL SETUSER` takes it: `rules` such as `['~*', '&*', '+@all']`. */
export interface AclUser {
  readonly username: string
  readonly password: string
  readonly rules?: readonly string[]
}

/** Who may log in to a server. */
export interface Logins {
  /** The default user's password. */
  readonly password?: string
  /** One more user; servers log in to each other as this one, where there is one. */
  readonly acl?: AclUser
}

/** What follows the word `user` in a configuration. */
export function userRules({ username, password, rules = ['~*', '&*', '+@all'] }: AclUser): readonly string[] {
  return [username, 'on', `>${password}`, ...rules]
}

/** What a server is told so that it can log in to its primary. */
export function replicaLogin({ acl, password }: Logins): readonly string[] {
  if (acl !== undefined) return ['--masteruser', acl.username, '--masterauth', acl.password]
  return password === undefined ? [] : ['--masterauth', password]
}

/** What a sentinel is told so that it can log in to the servers of a master. */
export function sentinelLogin(master: string, { acl, password }: Logins): readonly string[] {
  if (acl !== undefined) return [`sentinel auth-user ${master} ${acl.username}`, `sentinel auth-pass ${master} ${acl.password}`]
  return password === undefined ? [] : [`sentinel auth-pass ${master} ${password}`]
}
