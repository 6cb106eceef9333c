// Routers
export { rendezvous } from './rendezvous.ts'
export { ketama } from './ketama.ts'
export { jump } from './jump.ts'
export { djangoRing } from './django-ring.ts'

// For those who come from Django
export { djangoIdentity, type DjangoIdentityOptions } from './django-identity.ts'

// For authors of routers
export { hashTag } from './hash-tag.ts'
export type { Router, RouterFactory, RouterNode } from '@shale/contracts'
export { checkCount, checkNodes, type WeightedNode } from './check-nodes.ts'
