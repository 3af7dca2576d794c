import { t } from 'tap'
import { createOneByOne } from '../src/one-by-one.js'

const away = new Error('the store is away')
const oneByOne = createOneByOne(error => error === away)

/** A work that ends when it is told to, and notes that it has begun. */
function createWork (begun: string[], name: string): { work: () => Promise<string>, end: () => void, fail: (error: Error) => void } {
  let [end, fail] = [(): void => {}, (_error: Error): void => {}]
  const ended = new Promise<string>((resolve, reject) => {
    end = () => { resolve(name) }
    fail = reject
  })
  return { work: async () => { begun.push(name); return await ended }, end, fail }
}

t.test('works of one key follow one another, also one that fails, and those of another key do not wait', async t => {
  const begun: string[] = []
  const [first, second, other] = ['first', 'second', 'other'].map(name => createWork(begun, name))
  if (first === undefined || second === undefined || other === undefined) throw new Error('a work is missing')
  const failing = t.rejects(oneByOne(1, first.work), { message: 'bad input' })
  const following = oneByOne(1, second.work)
  const independent = oneByOne(2, other.work)
  t.same(begun, ['first', 'other'])
  first.fail(new Error('bad input'))
  await failing
  second.end()
  other.end()
  t.same(await Promise.all([following, independent]), ['second', 'other'])
  t.same(begun, ['first', 'other', 'second'])
})

t.test('what concerns all is told all that wait at once, and nobody who comes later', async t => {
  const begun: string[] = []
  const first = createWork(begun, 'first')
  const failing = t.rejects(oneByOne(1, first.work), away)
  const waiting = ['second', 'third'].map(async name => { await t.rejects(oneByOne(1, createWork(begun, name).work), away) })
  first.fail(away)
  await Promise.all([failing, ...waiting])
  t.same(begun, ['first'])
  t.equal(await oneByOne(1, async () => 'later'), 'later')
})
