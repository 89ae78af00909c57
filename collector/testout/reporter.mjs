// Says what vitest 1 to 5 did, one JSON object on each line: what was started, each
// file, each test, and an end. Without the end line the run is not complete.
import { appendFileSync } from 'node:fs'

const out = process.env.VERDICT_VITEST_OUT
const say = (line) => { if (out) appendFileSync(out, JSON.stringify(line) + '\n') }
const first = (errors) => (errors?.[0] ? String(errors[0].message ?? errors[0]) : '')

function state(test) {
  if (test.mode === 'todo') return 'todo'
  if (test.mode === 'skip') return 'skipped'
  return { pass: 'passed', fail: 'failed', skip: 'skipped', todo: 'todo' }[test.result?.state] ?? 'pending'
}

/** Says each test of a suite; counts those that ran. */
function tests(suite, file, path) {
  let ran = 0
  for (const task of suite.tasks ?? []) {
    const name = [...path, task.name]
    if (task.tasks) {
      ran += tests(task, file, name)
      continue
    }
    const was = state(task)
    if (was === 'passed' || was === 'failed') ran++
    say({ kind: 'test', file, name: name.join(' > '), state: was, retries: task.result?.retryCount ?? 0, message: was === 'failed' ? first(task.result?.errors) : '', line: task.location?.line ?? 0 })
  }
  return ran
}

export default class {
  onInit(vitest) {
    this.vitest = vitest
    const config = vitest.config ?? {}
    const flags = ['passWithNoTests', 'dangerouslyIgnoreUnhandledErrors', 'allowOnly', 'watch'].filter((name) => config[name])
    if (config.retry) flags.push('retry')
    if (config.bail) flags.push('bail')
    say({ kind: 'start', version: vitest.version ?? '', filter: config.testNamePattern ? String(config.testNamePattern) : '', flags })
  }

  onFinished(files = [], errors = []) { this.end(files, errors) }

  onTestRunEnd(modules = [], errors = []) { this.end(modules.map((module) => module.task ?? module), errors) }

  end(files, errors) {
    if (this.ended) return
    this.ended = true
    for (const file of files) {
      const ran = tests(file, file.filepath, [])
      say({ kind: 'file', file: file.filepath, state: file.result?.state === 'fail' ? 'failed' : 'passed', tests: ran, message: first(file.result?.errors) })
    }
    const snapshot = this.vitest?.snapshot?.summary ?? {}
    say({ kind: 'end', errors: errors?.length ?? 0, snapshots: (snapshot.added ?? 0) + (snapshot.updated ?? 0) })
  }
}
