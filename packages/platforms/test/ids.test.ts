import fc from 'fast-check'
import t from 'tap'
import {
  normaliseFacebookId, normaliseInstagramHandle, normaliseSoundcloudId, normaliseXHandle, normaliseYoutubeId
} from '../src/ids.js'

const ID = 'l4WNrvVjiTw'

interface Case {
  name: string
  normalise: (id: string) => string | null
  pattern: RegExp
  /** Pieces that ids and addresses are made of, so that random texts come near the real ones. */
  pieces: string[]
  good: Array<[text: string, id: string]>
  bad: string[]
}

const cases: Case[] = [
  {
    name: 'YouTube',
    normalise: normaliseYoutubeId,
    pattern: /^[A-Za-z0-9_-]{11}$/,
    pieces: [ID, '-_-_-_-_-_-', 'https://', 'youtu.be/', 'www.youtube.com/', 'watch', '?v=', '&v=', 'shorts/', '#', '@', ' '],
    good: [
      [ID, ID],
      ['-dash_first', '-dash_first'],
      [`\t${ID}\n`, ID],
      [`https://www.youtube.com/watch?v=${ID}`, ID],
      [`http://youtube.com/watch?feature=share&v=${ID}&list=PL1&t=1m2s#x`, ID],
      [`https://m.youtube.com/watch?v=${ID}`, ID],
      [`https://music.youtube.com/watch?v=${ID}&si=abc`, ID],
      [`//www.youtube.com/watch?v=${ID}`, ID],
      [`HTTPS://WWW.YOUTUBE.COM/watch?v=${ID}`, ID],
      [`youtube.com/watch?v=${ID}`, ID],
      [`https://youtu.be/${ID}?si=abc&t=5`, ID],
      [`youtu.be/${ID}/`, ID],
      [`https://www.youtube.com/shorts/${ID}?feature=share`, ID],
      [`https://www.youtube.com/live/${ID}?si=x`, ID],
      [`https://www.youtube.com/embed/${ID}?autoplay=1`, ID],
      [`https://www.youtube-nocookie.com/embed/${ID}`, ID]
    ],
    bad: ['', ' ', 'stuff gggg', ID.slice(1), `${ID}x`, 'https://www.youtube.com/', 'https://www.youtube.com/watch',
      `https://www.youtube.com/watch?list=${ID}`, `https://www.youtube.com/playlist?v=${ID}`, `https://www.youtube.com/@${ID}`,
      `https://example.com/watch?v=${ID}`, `https://youtube.com.example.com/watch?v=${ID}`, `https://youtu.be@example.com/${ID}`,
      `javascript:${ID}`, `ftp://youtu.be/${ID}`, `https://youtu.be/${ID}%20`, 'ééééééééééé', 'https://[', 'x'.repeat(50_000)]
  },
  {
    name: 'SoundCloud',
    normalise: normaliseSoundcloudId,
    pattern: /^soundcloud:tracks:[1-9]\d{0,18}$/,
    pieces: ['soundcloud:tracks:', '230230230', '0', '9'.repeat(18), ':', ' '],
    good: [
      ['230230230', 'soundcloud:tracks:230230230'],
      ['soundcloud:tracks:1848538203', 'soundcloud:tracks:1848538203'],
      [' 1 ', 'soundcloud:tracks:1'],
      ['9'.repeat(19), `soundcloud:tracks:${'9'.repeat(19)}`]
    ],
    bad: ['', '0', '01', '-1', '1.0', '1e3', ID, '9'.repeat(20), 'soundcloud:users:1', 'soundcloud:tracks:', 'Soundcloud:tracks:1',
      'https://soundcloud.com/artist/track', '１２３', '1,2', '9'.repeat(50_000)]
  },
  {
    name: 'X',
    normalise: normaliseXHandle,
    pattern: /^[a-z0-9_]{1,15}$/,
    pieces: ['gigpro', 'GigPro', '@', 'https://', 'x.com/', 'twitter.com/', 'home', '?', '/', '\u212A', ' '],
    good: [
      ['gigpro', 'gigpro'],
      ['GigPro', 'gigpro'],
      [' @GigPro ', 'gigpro'],
      ['@@@gigpro', 'gigpro'],
      ['_', '_'],
      ['https://x.com/GigPro', 'gigpro'],
      ['https://twitter.com/gigpro/?lang=en#top', 'gigpro'],
      ['https://mobile.twitter.com/@gigpro', 'gigpro'],
      ['www.x.com/gigpro', 'gigpro'],
      ['home', 'home']
    ],
    bad: ['', '@', 'gig pro', 'gig-pro', 'a'.repeat(16), 'x.com', 'https://x.com/', 'https://x.com/home', 'https://x.com/Search',
      'https://x.com/i/user/12', 'https://x.com/gigpro/status/1', 'https://example.com/gigpro', 'https://x.com.evil/gigpro',
      'gig,pro', 'gigpro?x', '\u212Aelvin', '@'.repeat(50_000)]
  },
  {
    name: 'Facebook',
    normalise: normaliseFacebookId,
    pattern: /^\d{5,20}$/,
    pieces: ['4546477', '0', '98765432109876543210', ' ', '-', '.'],
    good: [
      ['4546477', '4546477'],
      [' 19292868552\n', '19292868552'],
      ['98765432109876543210', '98765432109876543210']
    ],
    bad: ['', '1234', '012345', '-12345', '12345.0', '1e10', 'cocacola', '1'.repeat(21), '１２３４５', '1'.repeat(50_000)]
  },
  {
    name: 'Instagram',
    normalise: normaliseInstagramHandle,
    pattern: /^(?!\.)(?!.*\.\.)[a-z0-9._]{1,30}(?<!\.)$/,
    pieces: ['gigpro', 'Gig.Pro', '.', '@', 'https://', 'www.instagram.com/', 'reel', '/', '\u212A', ' '],
    good: [
      ['gigpro', 'gigpro'],
      ['@Gig.Pro_', 'gig.pro_'],
      ['https://www.instagram.com/GigPro/', 'gigpro'],
      ['instagram.com/gigpro?igsh=x', 'gigpro'],
      ['a'.repeat(30), 'a'.repeat(30)]
    ],
    bad: ['', '.', '.gig', 'gig.', 'gig..pro', 'gig pro', 'x){id}', 'a'.repeat(31), 'https://www.instagram.com/',
      'https://www.instagram.com/p/Cabc', 'https://www.instagram.com/reel', 'https://example.com/gigpro', '\u212Aelvin', '.'.repeat(50_000)]
  }
]

for (const { name, normalise, pattern, pieces, good, bad } of cases) {
  t.test(`${name} ids are taken out of what people paste`, async t => {
    for (const [text, id] of good) t.equal(normalise(text), id, JSON.stringify(text))
  })

  t.test(`${name} can not have other ids`, async t => {
    for (const text of bad) t.equal(normalise(text), null, JSON.stringify(text.slice(0, 60)))
  })

  t.test(`every normal form of ${name} matches the pattern, stays as it is, and nothing throws`, async t => {
    const nearMiss = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 6 })
      .map(parts => parts.join(''))
    let found = 0
    fc.assert(fc.property(fc.oneof(nearMiss, fc.string({ unit: 'binary' }), fc.webUrl()), text => {
      const id = normalise(text)
      if (id === null) return true
      found++
      return pattern.test(id) && normalise(id) === id
    }), { numRuns: 2000 })
    t.ok(found > 0, `${found} of the texts had an id`)
  })
}
