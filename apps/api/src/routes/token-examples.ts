const CREATED = { created_at: '2026-11-23T12:00:00.000Z', last_used_at: null, revoked_at: null, is_active: true }

export const NEW_TOKEN = {
  id: '5d41402abc4b2a76',
  name: 'marketplace',
  scopes: ['read', 'write'],
  ...CREATED,
  expires_at: '2027-11-23T12:00:00.000Z',
  token: 'ins_k3Jx0mV9qYd2uN7pR4tW8zB1cF6hL5sA0eG2iK9oM3Q_1a2b3c4d'
}

export const ROTATED_TOKEN = {
  id: '9e107d9d372bb682',
  name: 'for-rotating',
  scopes: ['read'],
  ...CREATED,
  expires_at: null,
  token: 'ins_Zr8Yq1Wp0Xo9Vn2Um7Tl4Sk6Rj3Qi5Ph8Og1Nf2Me0D_5e6f7a8b',
  replaces: { id: '0123456789abcdef', expires_at: '2026-11-23T13:00:00.000Z' }
}

export const TOKENS = {
  results: [
    { id: '7c6b5a4d3e2f1a0b', name: 'bootstrap', scopes: ['read', 'write', 'admin', 'metrics'], ...CREATED, expires_at: null, last_used_at: '2026-11-23T12:00:03.000Z' },
    { id: '0123456789abcdef', name: 'for-rotating', scopes: ['read'], ...CREATED, expires_at: null },
    { id: '1f2e3d4c5b6a7980', name: 'for-revoking', scopes: ['read'], ...CREATED, expires_at: null }
  ]
}
