import { t } from 'tap'
import { externalIdContract } from './contract/external-id-contract.js'
import { idempotencyContract } from './contract/idempotency-contract.js'
import { insightStoreContract } from './contract/insight-store-contract.js'
import { removalContract } from './contract/removal-contract.js'
import { replacementContract } from './contract/replacement-contract.js'
import { importContract } from './contract/import-contract.js'
import { listContract } from './contract/list-contract.js'
import { tokenStoreContract } from './contract/token-store-contract.js'
import type { InsightStore } from '../src/port.js'
import { collectionOf, findMongo, newDatabase, openLab, openRaw, useMongo } from './mongo-lab.js'

const { skip, sharedUrl } = findMongo()

if (skip === false) {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })
  const lab = await openLab(t, server, newDatabase())
  const raw = await openRaw(t, lab.url)
  const empty = async (): Promise<void> => {
    for (const name of ['insights', 'external_ids', 'tokens', 'idempotency_keys']) await raw.collection(name).deleteMany({})
  }
  const emptyInsights = async (): Promise<InsightStore> => {
    await empty()
    return lab.insights
  }
  removalContract(t, 'mongo', emptyInsights)
  replacementContract(t, 'mongo', emptyInsights)
  tokenStoreContract(t, 'mongo', async () => {
    await empty()
    return lab.tokens
  })
  externalIdContract(t, 'mongo', emptyInsights)
  const keys = collectionOf(raw, 'idempotency_keys')
  idempotencyContract(t, 'mongo', {
    open: emptyInsights,
    passTime: async ms => {
      const earlier = (field: string): object => ({ $dateSubtract: { startDate: `$${field}`, unit: 'millisecond', amount: ms } })
      await keys.updateMany({}, [{ $set: { lease_until: earlier('lease_until'), expires_at: earlier('expires_at') } }])
    },
    dump: async () => JSON.stringify(await keys.find().toArray())
  })
  importContract(t, 'mongo', emptyInsights)
  listContract(t, 'mongo', emptyInsights)
  insightStoreContract(t, 'mongo', async () => {
    await empty()
    const breakStore = sharedUrl === null ? server.stop : lab.close
    return { store: lab.insights, breakStore }
  })
} else {
  t.plan(0, skip)
}
