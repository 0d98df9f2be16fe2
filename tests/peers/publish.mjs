// MQTT.js as a device: node publish.mjs HOST PORT CA CERTIFICATE KEY VERSION TOPIC PAYLOAD
// Prints the reason code of the PUBACK, or why there is no connection.
import { readFileSync } from "node:fs";
import mqtt from "mqtt";

const [host, port, ca, certificate, key, version, topic, payload] = process.argv.slice(2);
const client = mqtt.connect({
  protocol: "mqtts",
  host,
  port: Number(port),
  ca: readFileSync(ca),
  cert: readFileSync(certificate),
  key: readFileSync(key),
  protocolVersion: Number(version),
  reconnectPeriod: 0,
  connectTimeout: 10_000,
});

client.on("connect", () => {
  client.publish(topic, payload, { qos: 1 }, (error, packet) => {
    // MQTT.js makes an error of a reason code above 127, and gives the code with it
    console.log(`PUBACK ${error ? (error.code ?? error.message) : (packet?.reasonCode ?? 0)}`);
    client.end();
  });
});
client.on("error", (error) => {
  console.log(`NOT CONNECTED ${error.code ?? error.message}`);
  client.end(true);
});
client.on("close", () => client.end(true));
