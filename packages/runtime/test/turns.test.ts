import { t } from 'tap'
import { createTurns, type Rank } from '../src/turns.js'

/** Turns on a clock that only works move on, and what they were given to. */
function openTurns (): {
  run: (rank: Rank, name: string, ms?: number) => Promise<void>
  hold: (rank: Rank) => { release: () => void, ended: Promise<void> }
  end: () => Promise<void>
  given: string[]
} {
  let now = 0
  const turns = createTurns(() => now)
  const given: string[] = []
  return {
    given,
    end: turns.end,
    run: async (rank, name, ms = 0) => {
      await turns.take(rank, async () => {
        given.push(name)
        now += ms
      })
    },
    hold: rank => {
      let release = (): void => {}
      const held = new Promise<void>(resolve => { release = resolve })
      return { release, ended: turns.take(rank, async () => { await held }) }
    }
  }
}

for (const rank of ['waited_for', 'background'] as const) {
  t.test(`after a turn of ${rank} what somebody waits for goes first, and of the same rank what was asked for first`, async t => {
    const { run, hold, given } = openTurns()
    const { release } = hold(rank)
    const all = [run('background', 'b1'), run('waited_for', 'w1'), run('background', 'b2'), run('waited_for', 'w2')]
    t.same(given, [], 'one works at a time')
    release()
    await Promise.all(all)
    t.same(given, ['w1', 'w2', 'b1', 'b2'])
  })
}

t.test('one who asks for one turn after the other is not overtaken by the background in between', async t => {
  const { run, hold, given } = openTurns()
  const { release } = hold('waited_for')
  const background = run('background', 'b')
  const chain = async (): Promise<void> => {
    for (const name of ['w1', 'w2', 'w3']) await run('waited_for', name)
  }
  const chained = chain()
  release()
  await Promise.all([background, chained])
  t.same(given, ['w1', 'w2', 'w3', 'b'])
})

t.test('the background gets a fifth of the time while others never stop asking', async t => {
  const { run, hold, given } = openTurns()
  const { release } = hold('waited_for')
  const all = [
    ...Array.from({ length: 3 }, async () => { await run('background', 'b', 10) }),
    ...Array.from({ length: 100 }, async () => { await run('waited_for', 'w', 1) })
  ]
  release()
  await Promise.all(all)
  t.equal(given.join(''), `wb${'w'.repeat(41)}b${'w'.repeat(41)}b${'w'.repeat(17)}`)
})

t.test('a lone background goes on by itself', async t => {
  const { run, given } = openTurns()
  for (const name of ['b1', 'b2']) await run('background', name, 5)
  t.same(given, ['b1', 'b2'])
})

t.test('work that fails ends its turn', async t => {
  const turns = createTurns()
  for (const rank of ['waited_for', 'background'] as const) {
    await t.rejects(turns.take(rank, async () => { throw new Error('broken') }), { message: 'broken' })
    t.equal(await turns.take('waited_for', async () => 7), 7)
  }
})

t.test('the end comes when all that waited have had their turn', async t => {
  const { run, hold, end, given } = openTurns()
  const { release } = hold('waited_for')
  const all = [run('background', 'b'), run('waited_for', 'w')]
  const ended = end().then(() => { given.push('end') })
  await run('background', 'late')
  t.same(given, ['late'], 'what comes later waits no more')
  release()
  await Promise.all([...all, ended])
  t.same(given, ['late', 'w', 'b', 'end'])
})

t.test('turns that nobody waits for end at once', async t => {
  await t.resolves(createTurns().end())
})
