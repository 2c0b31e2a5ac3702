// Drives socketd with @grpc/grpc-js and the .proto files. Arguments: the address of the API, a path
// for a socket of its own, the folder of the .proto files. Prints one line a step; the test compares
// them. Modules are found by NODE_PATH.
'use strict';

const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, path, protos] = process.argv.slice(2);
const options = {
  arrays: true, enums: String, keepCase: true, longs: Number, oneofs: true, includeDirs: [protos],
};
const tree = grpc.loadPackageDefinition(loader.loadSync('socketd/v1/unit_service.proto', options));
const client = new tree.socketd.v1.UnitService(address, grpc.credentials.createInsecure());

function call(name, request) {
  const deadline = Date.now() + 20000;
  return new Promise((resolve, reject) => {
    client[name](request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

// Opens a watch; `moves(last)` resolves with the states up to and with `last`.
function watch(request) {
  const stream = client.WatchUnits(request, { deadline: Date.now() + 20000 });
  const states = [];
  const ready = new Promise((resolve) => {
    stream.on('data', (message) => {
      if (message.event === 'snapshot_end') resolve();
      if (message.event === 'change') states.push(message.change.to);
    });
  });
  stream.on('error', () => {});
  const moves = async (last) => {
    while (!states.includes(last)) await new Promise((again) => setTimeout(again, 10));
    stream.cancel();
    return states;
  };
  return { ready, moves };
}

async function main() {
  const unit_file = `[Socket]\nListenStream=${path}\nAccept=yes\n`;
  const made = await call('CreateUnit', { unit_id: 'node.socket', unit_file });
  console.log('created:', made.name, made.definition.socket.accept);
  await call('CreateUnit', {
    unit_id: 'node@.service',
    unit_file: '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n',
  });
  const watcher = watch({ names: ['node.socket'] });
  await watcher.ready;
  const started = await call('StartUnit', { name: 'node.socket' });
  console.log('started:', started.unit.status.sub_state);
  console.log('moves:', (await watcher.moves('listening')).join(' '));
  await call('GetUnit', { name: 'no.socket' }).catch((error) => {
    console.log('error:', grpc.status[error.code]);
  });
  await call('StopUnit', { name: 'node.socket' });
  await call('DeleteUnit', { name: 'node.socket' });
  const left = await call('ListUnits', { patterns: ['node.*'] });
  console.log('deleted:', left.units.length === 0);
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
