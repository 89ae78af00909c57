// A GitHub that nobody here wrote, until its standard input ends.
import { createServer } from 'node:net'
import { createEmulator } from 'emulate'

const free = createServer().listen(0, '127.0.0.1', async () => {
  const { port } = free.address()
  await new Promise((done) => free.close(done))
  const seed = {
    github: {
      users: [{ login: 'octo' }, { login: 'ada' }],
      repos: [{ owner: 'octo', name: 'r', auto_init: true }],
      apps: [{
        app_id: 12, slug: 'our-verdict', name: 'Our verdict', permissions: { issues: 'write', pull_requests: 'write', checks: 'write', contents: 'read', metadata: 'read' },
        installations: [{ installation_id: 100, account: 'octo', repository_selection: 'all' }],
      }],
    },
    tokens: { tok: { login: 'octo', scopes: ['repo', 'user'] }, ada: { login: 'ada', scopes: ['repo', 'user'] } },
  }
  const github = await createEmulator({ service: 'github', port, hostname: '127.0.0.1', seed })
  console.log(`http://127.0.0.1:${port}`)
  console.log(JSON.stringify(github.generatedSecrets.find((secret) => secret.kind === 'github.app_private_key').value))
  process.stdin.on('end', () => github.close().then(() => process.exit(0))).resume()
})
