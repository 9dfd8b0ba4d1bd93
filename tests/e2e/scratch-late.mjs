import { Node, fheMl, until } from './harness.mjs';
import { best, bootAddress, localNetwork } from './network.mjs';
const nodes = await localNetwork();
await until('40 blocks', async () => (await best(nodes.bob)) > 40, 200);
for (let i = 0; i < 3; i++) {
  const late = await new Node(['--chain', 'local', '--name', 'late', '--offchain-worker', 'always', '--bootnodes', bootAddress(nodes.alice)]).start();
  await until('sync', async () => (await best(late)) + 1 >= (await best(nodes.bob)));
  const t = Date.now();
  try {
    const r = await fheMl('worker', 'join', '--suri', ['//Eve', '//Ferdie', '//Eve'][i], '--url', late.url);
    console.log('joined', JSON.stringify(r), Date.now() - t, 'ms');
  } catch (e) { console.log('failed', e.stderr, Date.now() - t); }
  await late.stop();
}
for (const n of Object.values(nodes)) await n.stop();
