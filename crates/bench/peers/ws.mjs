// A fan-out with the `ws` package of node, as one writes it: what one connection sends goes to all others. Prints its port.
// usage: node ws.mjs FOLDER_OF_NODE_MODULES
import { createRequire } from 'node:module';

const { WebSocketServer, WebSocket } = createRequire(`${process.argv[2]}/`)('ws');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => {
    for (const other of server.clients) {
      if (other !== socket && other.readyState === WebSocket.OPEN) other.send(data, { binary });
    }
  });
});
