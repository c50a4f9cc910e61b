/** Types of `unified_channel.js`: live messages and pictures of one user, for any front end. */

export type Status = "thinking" | "generating" | "complete" | "failed" | "cancelled";
export type AspectRatio =
  | "1:1" | "2:3" | "3:2" | "3:4" | "4:3" | "4:5" | "5:4" | "9:16" | "16:9" | "21:9"
  | "1:4" | "4:1" | "1:8" | "8:1";

export interface Image {
  id: string;
  /** Whether it was painted here, or brought by its owner. */
  origin: "painted" | "upload";
  /** Null of an upload. */
  message_id: string | null;
  /** Null of an upload, which belongs to no chat. */
  chat_id: string | null;
  /** What it was painted after; an id stays when its picture is deleted. */
  source_image_ids: string[];
  /** Null in a slot, whose message has it, and in a message that is `truncated`. */
  prompt: string | null;
  /** ISO 8601, UTC. */
  created_at: string;
  /** Absolute and signed: works for one to two times the stack's `UrlLifetimeDays`. */
  url: string;
  thumbnail_url: string;
  width: number;
  height: number;
  bytes: number;
  /** As in CSS: `#aabbcc`. */
  color: string;
  /** Base64. */
  thumbhash: string;
  /** Its place in the model's answer: 0 was asked for, what follows came with it. */
  index: number;
  /** Until when a link shows it to whoever has that; null if there is none. ISO 8601, UTC. */
  shared_until: string | null;
}

export interface MessageError {
  code:
    | "quota_exceeded" | "provider_limit" | "source_deleted" | "blocked" | "no_image"
    | "provider_unavailable" | "provider_rejected" | "timed_out" | "internal";
  /** A sentence for people. */
  message: string;
  /** Seconds from now. */
  retry_after: number | null;
}

/** One picture that was asked for. */
export interface Slot {
  /** The id that its picture has, or will have. */
  id: string;
  /** `waiting`: others of the same user are painted first. */
  status: "waiting" | "generating" | "complete" | "failed" | "cancelled";
  image: Image | null;
  image_deleted: boolean;
  /** Whether it counts for the day's limit. */
  charged: boolean;
  error: MessageError | null;
}

export interface Message {
  /** A ULID; ids sort by time. */
  id: string;
  chat_id: string;
  role: "user" | "assistant";
  /**
   * Null while `truncated`; the channel reads the whole text by itself and tells of it. Of an answer
   * that is being written, what came so far; of one that was cancelled, what was shown of it.
   */
  text: string | null;
  truncated: boolean;
  created_at: string;
  /** Grows with every change. */
  version: number;
  /** Of an answer, the question that it answers. */
  reply_to: string | null;
  /** The first question of its line; null of that one and its answer. */
  version_of: string | null;
  /** Whether it is the version of its line that counts. */
  stands: boolean;
  meta: {
    message_type: "text" | "image";
    status: Status;
    prompt: string | null;
    aspect_ratio: AspectRatio | null;
    image: Image | null;
    image_deleted: boolean;
    /** How many pictures were asked for; null of a message without. */
    count: number | null;
    /** One slot for each of them, in order. */
    images: Slot[];
    error: MessageError | null;
    /** What the pictures of an answer are made of, in order; an id stays when its picture goes. */
    image_size: "1K" | "2K" | "4K" | null;
    image_model: string | null;
    source_image_ids: string[];
    /** The pictures that a question names, as they are now; null where one has been deleted. */
    attachments: (Image | null)[];
  };
}

/** A question that was asked once or in the place of another one, and its answer, once it was heard of. */
export interface Version {
  question: Message;
  answer: Message | null;
  /** Whether it is the one that counts. To have another one of the chat's last question stand:
   * `request("PUT", "/chats/{chat_id}/messages/{id of the question}/stands")`. */
  stands: boolean;
}

export interface Chat {
  id: string;
  title: string;
  /** Whose words the title is: the first of the first message, a model's, or a person's. */
  title_origin: "text" | "model" | "person";
  pinned: boolean;
  created_at: string;
  updated_at: string;
}

/** What `POST /chats/{chat_id}/messages` answers. */
export interface Answer {
  success: boolean;
  message: string;
  skip_message_creation: true;
  user_message: Message;
  assistant_message: Message;
}

export interface Events {
  "message-insert": { chat_id: string; message: Message };
  "message-update": { chat_id: string; message: Message };
  /** A small picture as a `data:` URL, for a message held as `generating` at exactly this version. */
  "message-preview": { chat_id: string; message_id: string; version: number; image_id: string; preview: string };
  /**
   * Words of an answer that is being written. `message()` has all of them that came so far: none where
   * the beginning was missed, which comes again within two seconds unless the answer is very long.
   */
  "message-delta": { chat_id: string; message_id: string; version: number; offset: number; text: string };
  "message-delete": { chat_id: string; message_ids: string[] };
  "image-insert": { image: Image };
  /** How it is shared has changed. */
  "image-update": { image: Image };
  "image-delete": { image_ids: string[] };
  "chat-update": { chat: Chat };
  "chat-delete": { chat_id: string };
  state: State;
  /** What `messages()` returns may be different now. */
  change: undefined;
  /** What keeps the channel from its work; where nobody listens it goes to the console. */
  error: Trouble;
}

/** "signed out": `token` gives none, or none that the server takes; it is asked for again and again. */
export type State = "connecting" | "signed out" | "connected" | "closed";

/** For whoever builds the app: told once, and again only where it was over in between. */
export interface Trouble {
  code:
    | "token_failed" | "token_refused" | "wrong_url" | "origin_not_allowed" | "unreachable"
    | "socket_failed" | "snapshot_failed";
  /** A sentence on what to look at. */
  message: string;
  /** What was thrown. */
  cause: unknown;
}

/** As much of a WebSocket as is used. */
export interface SocketLike {
  readonly readyState: number;
  onopen: ((event: any) => any) | null;
  onmessage: ((event: any) => any) | null;
  onclose: ((event: any) => any) | null;
  onerror: ((event: any) => any) | null;
  send(text: string): void;
  close(): void;
}

/** As much of a Blob as is used here; it goes to `fetch` as it is. */
export interface BlobLike {
  readonly size: number;
  readonly type: string;
}

/** As much of `fetch` as is used; `signal` is an AbortSignal, `body` a text or a Blob. */
export type FetchLike = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: any; signal: any; mode?: "no-cors" },
) => Promise<{
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}>;

/** One that is undefined is as one that is missing. */
export interface Options {
  /** Address of the HTTP API, without a `/` at its end; this page's own origin by default. */
  url?: string | undefined;
  /**
   * The access token, asked for before every request, and once more when it was `refused`. A
   * connection ends with the token it was opened by; it is asked for then, too. Null, or an error
   * that it throws, says that nobody is signed in, and no request is made.
   */
  token: (why: { refused: boolean }) => string | null | undefined | Promise<string | null | undefined>;
  /**
   * Reads over HTTP what the app shows, at the start and whenever events cannot be replayed. It
   * may return a function that shows it, which is called only if the snapshot still counts. Live
   * events wait meanwhile. A rejection has it called again after a pause.
   */
  snapshot?: (() => Promise<unknown>) | undefined;
  /** The global one by default; where there is none, events are asked for over HTTP. */
  WebSocket?: (new (url: string) => SocketLike) | undefined;
  /** The global one by default. */
  fetch?: FetchLike | undefined;
  /**
   * What tells how much of an upload has gone up: the global one by default, and none where `fetch`
   * is given, which then sends everything.
   */
  XMLHttpRequest?: (new () => any) | undefined;
  /** From 0 to 1. */
  random?: (() => number) | undefined;
}

/** A request that was refused or could not be made; `message` is a sentence for people. */
export class ApiError extends Error {
  constructor(status: number, error?: object, options?: { cause?: unknown });
  /** Of HTTP; 0 if no answer came. */
  readonly status: number;
  /** One of the contract's codes, or `token_failed` or `wrong_url`; null if the answer had none. */
  readonly code: string | null;
  /** Seconds. */
  readonly retryAfter: number | null;
  readonly serverTime: string | null;
  /** Nothing was decided: the same request may be made again. */
  readonly undecided: boolean;
}

export class UnifiedChannel {
  constructor(options: Options);
  readonly state: State;
  /** How events come in while connected: over the socket, or by asking every few seconds. */
  readonly via: "socket" | "http" | null;

  /** Calls `listener` with each payload; returns a function that stops it. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void;
  /** For good. */
  close(): void;
  /** Finds out at once whether the connection still works; it does so by itself, too. */
  wake(): void;

  /** GET, tried three times. Rejects with an ApiError. */
  get(path: string): Promise<any>;
  /** Once. Rejects with an ApiError. */
  request(method: string, path: string, body?: object | undefined): Promise<any>;
  /**
   * Posts a message, and repeats it under the same id until the server has decided. Where this
   * device's clock is wrong, it goes out again under an id by the server's, told to `onNewId`.
   * Rejects with an ApiError.
   */
  send(
    chatId: string,
    text: string,
    options?: {
      id?: string | undefined;
      aspectRatio?: AspectRatio | undefined;
      /** Up to four of the user's own pictures; with one, `text` may be empty. */
      imageIds?: string[] | undefined;
      /** How many pictures, 1 to 4; left out, the model decides. */
      count?: number | undefined;
      /** The text is the prompt, and no text model is asked. */
      paint?: boolean | undefined;
      /** As far as the model in `/config.json` has it. */
      imageSize?: "1K" | "2K" | "4K" | undefined;
      /** A name of `image_models` in `/config.json`. */
      imageModel?: string | undefined;
      /** An answer with pictures: what it was asked for is asked for again; `text` is only shown. */
      again?: string | undefined;
      /** Which of `GET /suggestions` a chat's first question is; its words must be the suggestion's. */
      suggestionId?: string | undefined;
      /** A question of the chat's last line, in whose place this one is asked; see `versions`. */
      replaces?: string | undefined;
      onNewId?: ((id: string) => void) | undefined;
    },
  ): Promise<Answer>;
  /**
   * Brings a picture: a Blob of type `image/jpeg`, `image/png` or `image/webp`, at most 4,500,000
   * bytes. Repeats itself under the same id until the server has decided; that, and asking for it
   * again, brings one picture. The Image has another id than `id` where this device's clock is wrong
   * (told to `onNewId` as well). Rejects with an ApiError, or with the signal's reason.
   */
  upload(
    id: string,
    blob: BlobLike,
    options?: {
      /** Called with how much has gone up, from 0 to 1, where an XMLHttpRequest exists. */
      onProgress?: ((part: number) => void) | undefined;
      /** An AbortSignal. */
      signal?: any;
      onNewId?: ((id: string) => void) | undefined;
    },
  ): Promise<Image>;

  /**
   * Sends an action that nothing answers over the socket; false if none is open, and nothing is
   * kept for later. `{ action: "report", message_id, placeholder_ms, preview_ms, picture_ms }` says
   * how many ms somebody waited until each was drawn, without what did not come.
   */
  tell(action: { action: string; [field: string]: unknown }): boolean;
  /**
   * Call it at every input of a person who writes a question: the server is told at the first one,
   * and once in five minutes, so that the functions that answer and paint are built by then.
   */
  typing(): void;
  /**
   * Call it whenever somebody begins or ceases to look at your app: who looks is not told by Web Push
   * that an answer has ended. At first nobody does. Each new connection is told by the channel.
   */
  look(isLooking: boolean): void;

  /** Messages that came over HTTP: the newest version known of each, without the deleted. */
  take(messages: Message[]): Message[];
  /** Chats or pictures that came over HTTP, without those deleted meanwhile. */
  present<Row extends Chat | Image>(rows: Row[]): Row[];
  /** One message, as the others below; undefined where it was not heard of. */
  message(id: string): Message | undefined;
  /**
   * What stands of a chat, as far as it was heard of or taken, oldest first: of questions that were
   * asked in one another's place one, with its answer. `versions` has the others.
   */
  messages(chatId: string): Message[];
  /** All versions of the question that this message asks or answers, oldest first; mostly one. */
  versions(id: string): Version[];
  /** Lets go of a chat's messages, to save memory. */
  forget(chatId: string): void;

  /** Epoch ms by the server's clock, as far as it has been told. */
  now(): number;
  /** A ULID by that clock. */
  newId(): string;
}

/** Opens a channel. */
export function connect(options: Options): UnifiedChannel;

/** Full jitter: ms between nothing and a ceiling that doubles with each failure, 30 s at most. */
export function backoff(failures: number, random?: () => number): number;
