// Says what vitest 1 to 5 did, one JSON object on each line: what was started, each
// file, each test, and an end. Without the end line the run is not complete.
import { appendFileSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const out = process.env.VERDICT_VITEST_OUT
delete process.env.VERDICT_VITEST_OUT // the tests are not told where their results go
const say = (line) => { if (out) appendFileSync(out, JSON.stringify(line) + '\n') }
const plain = (text) => text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
const first = (errors) => (errors?.[0] ? plain(String(errors[0].message ?? errors[0])) : '')

function state(test, only) {
  if (test.mode === 'todo') return 'todo'
  if (test.mode === 'skip') return only ? 'only' : 'skipped'
  return { pass: 'passed', fail: 'failed', skip: 'skipped', todo: 'todo' }[test.result?.state] ?? 'pending'
}

/** Where a test failed: in its own file, at the first place that an error names. */
function line(test, file) {
  for (const error of test.result?.errors ?? []) {
    for (const place of error.stacks ?? []) if (place.file === file) return place.line
    const rest = String(error.stack ?? error.stackStr ?? '').split(file + ':')[1]
    if (rest) return parseInt(rest) || 0
  }
  return test.location?.line ?? 0
}

/** Says each test of a suite; counts those that ran. */
function tests(suite, file, path, only) {
  let ran = 0
  for (const task of suite.tasks ?? []) {
    const name = [...path, task.name]
    if (task.tasks) {
      ran += tests(task, file, name, only)
      continue
    }
    const was = state(task, only)
    if (was === 'passed' || was === 'failed') ran++
    const failed = was === 'failed'
    say({ kind: 'test', file, name: name.join(' > '), state: was, fails: Boolean(task.fails), retries: task.result?.retryCount ?? 0, message: failed ? first(task.result?.errors) : '', line: failed ? line(task, file) : 0 })
  }
  return ran
}

/** Whether .only stands in a file: vitest forgets what it left out for it. */
function marksOnly(file) {
  try {
    const source = readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\/|(^|[^:])\/\/.*$/gm, '$1')
    return /\b(?:test|it|describe|suite)(?:\.\w+)*\.only\b|\bonly\s*:\s*true\b/.test(source)
  } catch {
    return false
  }
}

/**
 * The reporters that run without this one: one that stands on the command line, as
 * this does, replaces those of the project's configuration. vitest 1 to 4 keep what
 * the configuration says; 5 resolves it once more.
 */
async function configured(vitest, library) {
  const listed = (vitest.vite ?? vitest.server)?.config?.test?.reporters ?? []
  let named = Array.isArray(listed) ? listed : [listed]
  if (named.some(isOwn)) named = (await library.resolveConfig({ ...vitest.config.cliOptions, reporter: undefined })).test.reporters
  if (named.length > 0) return named.filter(Boolean)
  return process.env.GITHUB_ACTIONS === 'true' ? ['default', 'github-actions'] : ['default']
}

const isOwn = (reporter) => Array.isArray(reporter) && String(reporter[0]).includes('verdict-reporter')

/** A module of the vitest that runs: the project's root may have none of its own. */
function running(id, load) {
  try {
    return import(pathToFileURL(createRequire(realpathSync(process.argv[1])).resolve(id)).href)
  } catch {
    return load(id)
  }
}

/** Makes reporters as vitest does. */
async function others(vitest) {
  const load = (id) => (vitest.runner.import ? vitest.runner.import(id) : vitest.runner.executeId(id))
  const library = await running('vitest/node', load)
  const builtin = library.ReportersMap ?? (await running('vitest/reporters', load)).ReportersMap
  return Promise.all((await configured(vitest, library)).map(async (reporter) => {
    const [name, options] = Array.isArray(reporter) ? reporter : [reporter]
    if (typeof name !== 'string') return name
    const Reporter = builtin[name] ?? (await load(name === 'html' ? '@vitest/ui/reporter' : name)).default
    return new Reporter(options ?? {})
  }))
}

export default class {
  async onInit(vitest) {
    this.vitest = vitest
    const config = vitest.config ?? {}
    const flags = ['passWithNoTests', 'dangerouslyIgnoreUnhandledErrors', 'allowOnly', 'watch'].filter((name) => config[name])
    if (config.retry) flags.push('retry')
    if (config.bail) flags.push('bail')
    say({ kind: 'start', filter: config.testNamePattern ? String(config.testNamePattern) : '', flags })
    if (vitest.reporters.length > 1 && vitest.reporters.some((reporter) => reporter !== this && !isServer(reporter))) return
    const added = await others(vitest)
    vitest.reporters.push(...added)
    await Promise.all(added.map((reporter) => reporter.onInit?.(vitest)))
  }

  onFinished(files = [], errors = []) { this.end(files, errors) }

  onTestRunEnd(modules = [], errors = []) { this.end(modules.map((module) => module.task ?? module), errors) }

  end(files, errors) {
    if (this.ended) return
    this.ended = true
    const { allowOnly, testNamePattern } = this.vitest?.config ?? {}
    for (const file of files) {
      const ran = tests(file, file.filepath, [], allowOnly && !testNamePattern && marksOnly(file.filepath))
      say({ kind: 'file', file: file.filepath, state: file.result?.state === 'fail' ? 'failed' : 'passed', tests: ran, message: first(file.result?.errors) })
    }
    const snapshot = this.vitest?.snapshot?.summary ?? {}
    say({ kind: 'end', errors: errors?.length ?? 0, snapshots: (snapshot.added ?? 0) + (snapshot.updated ?? 0) })
  }
}

/** Whether vitest itself added a reporter, for its page in a browser. */
const isServer = (reporter) => reporter.constructor?.name === 'WebSocketReporter'
