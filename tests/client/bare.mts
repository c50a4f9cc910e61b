// The channel in a program that has neither a browser's types nor Node's.
import { ApiError, connect, type FetchLike, type Message, type Options } from "afterimage-client";

const answer: FetchLike = async (url, { method }) => ({
  ok: method === "GET", status: 200, headers: { get: () => null }, text: async () => url,
});
const options: Options = {
  url: undefined, token: async () => null, snapshot: undefined, WebSocket: undefined, fetch: answer, random: undefined,
};
export const channel = connect(options);
channel.on("error", ({ code, message, cause }) => void [code satisfies string, message satisfies string, cause]);
channel.on("state", (state) => state === "signed out");
channel.send("c", "words", { aspectRatio: "16:9", imageIds: undefined, count: 2, onNewId: undefined }).catch((error: unknown) => {
  if (error instanceof ApiError) error.retryAfter satisfies number | null;
});
const messages: Message[] = channel.messages("c");
messages.map(({ meta }) => meta.images.map(({ status, image }) => [status, image?.url]));
