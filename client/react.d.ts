/** Types of `react.js`: hooks for React over the unified channel. */
import type { CSSProperties, HTMLAttributes, ReactElement, ReactNode } from "react";
import type {
  Answer, ApiError, BlobLike, Image, Message, Options, Slot, State, Trouble, UnifiedChannel, Version,
} from "afterimage-client";

export interface AfterimageProviderProps
  extends Pick<Options, "url" | "token" | "WebSocket" | "fetch"> {
  /** What keeps the channel from its work; without it the console says so. */
  onError?: ((trouble: Trouble) => void) | undefined;
  children?: ReactNode;
}

/**
 * One person's channel for all below. It opens when this is mounted, and closes when it goes; another
 * `url` opens another one. Give it the person as its `key`, so that nobody sees what another was shown.
 */
export function AfterimageProvider(props: AfterimageProviderProps): ReactElement;

/** A slot, with what is shown until its picture is there. */
export interface SlotView extends Slot {
  /** A small picture as a `data:` URL, while it is painted and behind what was painted. */
  readonly preview: string | null;
  /** Width / height of its box: as it came, as it was asked for, or as what is changed has it. */
  readonly shape: number;
}

export interface MessageView extends Message {
  meta: Omit<Message["meta"], "images"> & { images: SlotView[] };
}

interface ListView {
  readonly state: State;
  /** Nothing has been read yet. */
  readonly isLoading: boolean;
  /** Why nothing could be read; it is tried again when the channel connects. */
  readonly error: ApiError | null;
  /** Reads the next older page; null where there is none. */
  readonly readOlder: (() => Promise<void>) | null;
}

export interface ChatView extends ListView {
  /** Oldest first. A message is the same object until it changes. */
  readonly messages: MessageView[];
  /** As the channel's `send`; rejects with an ApiError. */
  readonly send: (text: string, options?: Parameters<UnifiedChannel["send"]>[2]) => Promise<Answer>;
  /** Ends an answer that is under way; rejects with an ApiError. */
  readonly cancel: (message: Pick<Message, "id" | "version">) => Promise<void>;
  /** Tries again what failed or was cancelled of an answer; rejects with an ApiError. */
  readonly retry: (message: Pick<Message, "id" | "version">) => Promise<void>;
  /** The versions of a question, or of its answer; `messages` has those that stand. */
  readonly versions: (message: Pick<Message, "id">) => Version[];
  /** Has another version of the last question stand; rejects with an ApiError. */
  readonly choose: (question: Pick<Message, "id">) => Promise<void>;
  /** Deletes a question with its answer, their versions and pictures; rejects with an ApiError. */
  readonly remove: (question: Pick<Message, "id">) => Promise<void>;
}

/** A chat, live; one that does not exist yet begins with its first message. */
export function useChat(chatId: string): ChatView;

export interface GalleryView extends ListView {
  /** Newest first. */
  readonly images: Image[];
  /** As the channel's `upload`, under a new id; rejects with an ApiError, or the signal's reason. */
  readonly upload: (blob: BlobLike, options?: Parameters<UnifiedChannel["upload"]>[2]) => Promise<Image>;
  /** Rejects with an ApiError. */
  readonly remove: (image: Pick<Image, "id">) => Promise<void>;
}

/** The person's pictures, painted and brought, live. */
export function useGallery(): GalleryView;

export interface PictureOptions {
  /** The thumbnail in place of the picture. */
  small?: boolean | undefined;
  /** Words for who does not see it; the picture's prompt where it has one. */
  alt?: string | undefined;
}

export interface PictureView {
  readonly status: Slot["status"] | "deleted";
  /** For the element around: it keeps its shape, and shows colour, thumbhash or preview. */
  readonly box: { readonly "aria-busy": boolean; readonly style: CSSProperties };
  /** For the `<img>` in it; null while there is no picture, or none that can be read. */
  readonly img: {
    readonly src: string;
    readonly alt: string;
    readonly width: number;
    readonly height: number;
    readonly decoding: "async";
    readonly loading: "lazy";
    readonly onError: () => void;
    readonly style: CSSProperties;
  } | null;
}

/**
 * Properties for `<div {...box}>{img && <img {...img} />}</div>`. An address that has run out is
 * read anew, once.
 *
 * @param picture a slot or an attachment of a message, or an image of the gallery
 */
export function usePicture(picture: SlotView | Slot | Image | null, options?: PictureOptions): PictureView;

export interface PictureProps extends PictureOptions, Omit<HTMLAttributes<HTMLDivElement>, "of"> {
  of: SlotView | Slot | Image | null;
}

/** `usePicture` as such a `<div>`. */
export function Picture(props: PictureProps): ReactElement;
