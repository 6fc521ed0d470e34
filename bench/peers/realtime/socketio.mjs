// node socketio.mjs <port>: a room of Node's socket.io, in which each message goes to all others
import { createServer } from 'node:http';
import { Server } from 'socket.io';
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  socket.on('join', (room) => socket.join(room));
  socket.on('msg', (room, message) => socket.to(room).emit('msg', message));
});
http.listen(+process.argv[2], '127.0.0.1');
