// A program that has nothing of a browser, and a channel in it; prints what came of it.
for (const name of ["fetch", "WebSocket", "XMLHttpRequest", "navigator", "performance", "Blob"]) {
  delete globalThis[name];
}
const { connect, ...others } = await import("afterimage-client");
const asked = [];
const said = [];
console.error = (line) => said.push(String(line));
const body = '{"seq": 1, "events": []}';
const channel = connect({
  url: undefined, snapshot: undefined, WebSocket: undefined, XMLHttpRequest: undefined,
  token: () => "token",
  fetch: async (url) => {
    asked.push(url);
    return { ok: true, status: 200, headers: { get: () => null }, text: async () => body };
  },
});
channel.on("state", () => { throw new Error("a listener's own"); });
channel.on("state", (state) => said.push(state));
while (channel.state !== "connected") await new Promise((go) => setTimeout(go, 5));
channel.close();
console.log(JSON.stringify({ asked, said, names: Object.keys(others) }));
