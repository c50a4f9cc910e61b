// All that the hooks give, as somebody uses it who is strict.
import { connect, type ApiError, type Trouble } from "afterimage-client";
import { AfterimageProvider, Picture, useChat, useGallery, usePicture, type MessageView, type SlotView } from "afterimage-client/react";

connect({ token: () => "t", fetch, WebSocket, XMLHttpRequest }).close();

function Own({ slot }: { slot: SlotView }) {
  const { box, img, status } = usePicture(slot, { small: true, alt: undefined });
  return <div {...box} title={status}>{img && <img {...img} crossOrigin="anonymous" />}</div>;
}

function Line({ message: { id, text, meta }, onCancel }: { message: MessageView; onCancel: () => void }) {
  return <li key={id} onClick={onCancel}>
    {text}{meta.images.map((slot) => <Own key={slot.id} slot={slot} />)}
    {meta.attachments.map((image, index) => <Picture key={index} of={image} small className="small" />)}
  </li>;
}

function Chat({ id }: { id: string }) {
  const { messages, state, isLoading, error, send, cancel, retry, versions, choose, remove: removeQuestion, readOlder } = useChat(id);
  const { images, upload, remove } = useGallery();
  const ask = async (file: File) => {
    const image = await upload(file, { onProgress: (part) => part.toFixed(), signal: AbortSignal.timeout(1000) });
    const { assistant_message } = await send("this as a woodcut", { imageIds: [image.id], count: 2, imageSize: undefined });
    await retry(assistant_message);
  };
  const again = async (question: MessageView) => {
    await send(question.text ?? "", { replaces: question.id });
    const [first] = versions(question);
    if (first && !first.stands) await choose(first.question);
    await removeQuestion(question);
  };
  const reason: ApiError | null = error;
  return <ul aria-busy={isLoading} title={state === "signed out" ? "Who are you?" : reason?.message ?? ""}>
    {readOlder && <button onClick={() => void readOlder()}>older</button>}
    {messages.map((message) => <Line key={message.id} message={message} onCancel={() => void (message.role === "user" ? again(message) : cancel(message))} />)}
    {images.map((image) => <Picture key={image.id} of={image} onClick={() => void remove(image)} />)}
    <input type="file" onChange={({ target }) => target.files?.[0] && void ask(target.files[0])} />
  </ul>;
}

export const App = ({ url, onError }: { url?: string; onError?: (trouble: Trouble) => void }) =>
  <AfterimageProvider url={url} token={async ({ refused }) => (refused ? null : "t")} onError={onError}>
    <Chat id="a" />
  </AfterimageProvider>;
