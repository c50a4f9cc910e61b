// The hooks rendered where there is no browser; prints the HTML, and what was touched of one.
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { AfterimageProvider, Picture, useChat, useGallery } from "afterimage-client/react";

const touched = [];
for (const name of ["window", "document", "fetch", "WebSocket", "localStorage"]) {
  Object.defineProperty(globalThis, name, { get: () => void touched.push(name) });
}

function Chat() {
  const { messages, state, isLoading } = useChat("a");
  const { images } = useGallery();
  return `${messages.length} ${images.length} ${state} ${isLoading}`;
}

const below = [createElement(Chat, { key: 1 }), createElement(Picture, { key: 2, of: null })];
const html = renderToString(createElement(AfterimageProvider, { token: () => "t" }, below));
await new Promise((go) => setTimeout(go, 50));
console.log(JSON.stringify({ html, touched }));
