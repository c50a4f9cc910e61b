// An app whose providers the test shows, changes and takes away; `probe` says what each has rendered.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AfterimageProvider, Picture, useChat, useGallery } from "afterimage-client/react";

const probe = (window.probe = { renders: {}, troubles: {}, now: {} });

function Chat({ name, id }) {
  const chat = useChat(id);
  const { images, upload, remove } = useGallery();
  const texts = chat.messages.map(({ text }) => text);
  (probe.renders[name] ??= []).push([id, chat.state, ...texts]);
  probe.now[name] = { ...chat, removeQuestion: chat.remove, images, upload, remove, texts };
  return <section aria-label={name}>
    {chat.messages.flatMap(({ meta }) => meta.images).map((slot) => <Picture key={slot.id} of={slot} className="picture" />)}
  </section>;
}

function App({ providers }) {
  return Object.entries(providers).map(([name, { url, user, token, id, isQuiet }]) => {
    const ask = async () => {
      if (token !== undefined) return token;
      const answer = await fetch(`${url}/dev/token`, {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ user }),
      });
      return (await answer.json()).access_token;
    };
    const onError = isQuiet ? undefined : ({ code }) => (probe.troubles[name] ??= []).push(code);
    return <AfterimageProvider key={name} url={url} token={ask} onError={onError}>
      <Chat name={name} id={id} />
    </AfterimageProvider>;
  });
}

let root = null;
probe.show = (providers) => {
  root ??= createRoot(document.getElementById("root"));
  root.render(<StrictMode><App providers={providers} /></StrictMode>);
};
probe.leave = () => root.unmount();
