// A GitHub that nobody here wrote, until its standard input ends.
import { createServer } from 'node:net'
import { createEmulator } from 'emulate'

const free = createServer().listen(0, '127.0.0.1', async () => {
  const { port } = free.address()
  await new Promise((done) => free.close(done))
  const seed = {
    github: { users: [{ login: 'octo' }, { login: 'ada' }], repos: [{ owner: 'octo', name: 'r', auto_init: true }] },
    tokens: { tok: { login: 'octo', scopes: ['repo', 'user'] }, ada: { login: 'ada', scopes: ['repo', 'user'] } },
  }
  const github = await createEmulator({ service: 'github', port, hostname: '127.0.0.1', seed })
  console.log(`http://127.0.0.1:${port}`)
  process.stdin.on('end', () => github.close().then(() => process.exit(0))).resume()
})
