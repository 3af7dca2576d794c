/** The image, built and unpacked without a container engine and without an image registry. */
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const PROJECT = resolve(import.meta.dirname, '../..')
const BASE_IMAGE = 'localhost/insights-base'
const IMAGE = 'localhost/insights'
const TOOLS = ['buildah', 'unshare', 'setpriv']

export interface BuiltImage {
  /** The directory of its root file system. */
  root: string
  /** How it wants to be run. */
  config: ImageConfig
  sizeBytes: number
  remove: () => Promise<void>
}

/** As Docker's image format has it. */
export interface ImageConfig {
  User: string
  Env: string[]
  Cmd: string[]
  WorkingDir: string
  Entrypoint?: string[] | null
  StopSignal: string
  Healthcheck: { Test: string[] }
}

/** Why no image can be built here; `false`: it can. With `CI=true` it must be possible. */
export function whyNoImage (): string | false {
  if (process.env['CI'] === 'true') return false
  if (process.getuid?.() !== 0) return 'unpacking and mounting an image takes root'
  const missing = TOOLS.filter(name => !isOnPath(name))
  return missing.length > 0 && `not on the PATH: ${missing.join(', ')}`
}

/** Builds the image of this checkout on a base image made of this machine's node. Takes minutes and the npm registry. */
export async function buildImage (): Promise<BuiltImage> {
  const directory = await mkdtemp(join(tmpdir(), 'insights-image-'))
  const run = runIn(directory)
  try {
    await writeFile(join(directory, 'storage.conf'), storageSettings(directory))
    await run(join(PROJECT, 'scripts/make-base-image.sh'), BASE_IMAGE)
    await run('buildah', 'bud', '--format', 'docker', '--build-arg', `NODE_IMAGE=${BASE_IMAGE}`, '--tag', IMAGE, PROJECT)
    return { ...await unpack(run), remove: async () => { await removeAll(directory) } }
  } catch (error) {
    await removeAll(directory)
    throw error
  }
}

/** `buildah mount` of this storage mounts nothing: it names the directory where the files lie. */
async function unpack (run: Run): Promise<Omit<BuiltImage, 'remove'>> {
  const container = await run('buildah', 'from', '--pull-never', IMAGE)
  const root = await run('buildah', 'mount', container)
  const { Docker } = JSON.parse(await run('buildah', 'inspect', '--type', 'image', IMAGE))
  const [{ size }] = JSON.parse(await run('buildah', 'images', '--json', IMAGE))
  return { root, config: Docker.config, sizeBytes: toBytes(size) }
}

async function removeAll (directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}

/** A storage of our own, so that nothing stays on the machine and its own images are not seen. */
function storageSettings (directory: string): string {
  return `[storage]\ndriver = "vfs"\ngraphroot = "${directory}/images"\nrunroot = "${directory}/run"\n`
}

type Run = (command: string, ...args: string[]) => Promise<string>

function runIn (directory: string): Run {
  const env = { ...process.env, CONTAINERS_STORAGE_CONF: join(directory, 'storage.conf'), BUILDAH_ISOLATION: 'chroot' }
  return async (command, ...args) => {
    const { stdout } = await promisify(execFile)(command, args, { env, maxBuffer: 64 * 1024 * 1024 })
    return stdout.trim()
  }
}

/** `181 MB` */
function toBytes (size: string): number {
  const [amount = '', unit = ''] = size.split(' ')
  return Number(amount) * ({ KB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? NaN)
}

function isOnPath (name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some(directory => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      // Not in this one.
      return false
    }
  })
}
