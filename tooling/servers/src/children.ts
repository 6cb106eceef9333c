import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// However this process ends, its end of the pipe closes; then the guard kills whatever is still listed.
const guardScript = `
pids=''
while read -r sign pid; do
  if [ "$sign" = + ]; then pids="$pids $pid"; else
    kept=''
    for p in $pids; do [ "$p" = "$pid" ] || kept="$kept $p"; done
    pids=$kept
  fi
done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null
`

let guard: ChildProcess | undefined
const alive = new Set<ChildProcess>()
const folders = new Set<string>()

function tell(line: string): void {
  if (guard === undefined) {
    // In a session of its own, so that Ctrl-C reaches this process and not the guard.
    guard = spawn('/bin/sh', ['-c', guardScript], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    guard.on('error', () => {})
    guard.stdin?.on('error', () => {})
    guard.unref()
    ;(guard.stdin as unknown as { unref?(): void }).unref?.()
    process.once('exit', () => {
      for (const child of alive) child.kill('SIGKILL')
      for (const folder of folders) removeFolder(folder)
    })
  }
  guard.stdin?.write(`${line}\n`)
}

/** Starts a program that dies with this process, even when this process is killed or crashes. */
export function spawnChild(program: string, args: readonly string[], cwd: string): ChildProcess {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.pid === undefined) return child
  const { pid } = child
  alive.add(child)
  tell(`+ ${pid}`)
  child.once('exit', () => {
    alive.delete(child)
    tell(`- ${pid}`)
  })
  child.unref()
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as { unref?(): void } | null)?.unref?.()
  return child
}

/** Kills a program (SIGKILL) unless it has ended, and waits until it has. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.ref()
  child.kill('SIGKILL')
  await exited
}

/** A temporary folder that goes with this process at the latest. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shale-'))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  folders.delete(folder)
}
