// A door with TLS in front of the stub of DynamoDB: prints the port it took, and passes bytes on.
const fs = require("node:fs");
const net = require("node:net");
const tls = require("node:tls");

const [folder, stub] = process.argv.slice(2);
const options = { key: fs.readFileSync(`${folder}/server.key`), cert: fs.readFileSync(`${folder}/server.pem`) };
const server = tls.createServer(options, (client) => {
  const plain = net.connect(Number(stub), "127.0.0.1");
  client.setNoDelay(true);
  plain.setNoDelay(true);
  client.pipe(plain).pipe(client);
  client.on("error", () => plain.destroy());
  plain.on("error", () => client.destroy());
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
