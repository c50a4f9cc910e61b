"use client";
/**
 * Hooks for React over the unified channel. They hand out values, never the channel: what a hook
 * returns is the same object until something of it changes.
 */
import { createContext, createElement, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { thumbHashToDataURL } from "thumbhash";
import { Live } from "./live.js";

const Context = createContext(null);
const OVER_THE_BOX = { position: "absolute", inset: 0, width: "100%", height: "100%", objectFit: "cover", color: "transparent" };

/** One person's channel for all below; see the type declarations for what it takes. */
export function AfterimageProvider({ url, token, onError, WebSocket, fetch, children }) {
  const [live] = useState(() => new Live());
  const latest = useRef(null);
  useEffect(() => {
    latest.current = { token, onError };
  });
  useEffect(() => live.open({
    url, WebSocket, fetch,
    token: (why) => latest.current.token(why),
    onError: latest.current.onError && ((trouble) => latest.current.onError?.(trouble)),
  }), [live, url, WebSocket, fetch]);
  return createElement(Context.Provider, { value: live }, children);
}

/** A chat, live: its messages with words and previews as they come, and what can be done. */
export function useChat(chatId) {
  return useList(useLive().chat(chatId));
}

/** The person's pictures, newest first, live. */
export function useGallery() {
  return useList(useLive().gallery);
}

/** Properties for a box, and for the picture in it, which moves nothing when it comes. */
export function usePicture(picture, { small = false, alt } = {}) {
  const live = useLive();
  const { id, image, status, shape, preview } = read(picture);
  const [box, setBox] = useState({ id, shape });
  const [failed, setFailed] = useState({ src: null, fresh: null });
  if (box.id !== id) setBox({ id, shape });
  const hash = image?.thumbhash;
  const behind = useMemo(() => preview ?? (hash ? placeholder(hash) : null), [preview, hash]);

  const address = small ? "thumbnail_url" : "url";
  const known = image?.[address];
  const src = failed.src === known ? failed.fresh?.[address] : known;
  const onError = async () => {
    if (src !== known) return setFailed({ src: known, fresh: null });
    const fresh = await live.opened.get(`/images/${image.id}`).catch(() => null);
    setFailed({ src: known, fresh });
  };
  return {
    status,
    box: { "aria-busy": status === "waiting" || status === "generating", style: boxStyle(box.id === id ? box.shape : shape, image, behind) },
    img: src ? {
      src, onError, alt: alt ?? image.prompt ?? "", width: image.width, height: image.height,
      decoding: "async", loading: "lazy", style: OVER_THE_BOX,
    } : null,
  };
}

/** `usePicture` as a `<div>` with its `<img>`. */
export function Picture({ of, small, alt, style, children, ...others }) {
  const { box, img } = usePicture(of, { small, alt });
  const properties = { ...others, ...box, style: { ...box.style, ...style } };
  return createElement("div", properties, img && createElement("img", img), children);
}

function useLive() {
  const live = useContext(Context);
  if (!live) throw new Error("Afterimage: put <AfterimageProvider> around what uses its hooks");
  return live;
}

function useList(list) {
  return useSyncExternalStore(list.listen, list.get, list.getOnServer);
}

/** What is known of a slot, of an image, or of an attachment that was deleted. */
function read(picture) {
  if (!picture) return { id: null, image: null, status: "deleted", shape: 1, preview: null };
  const isSlot = "image" in picture;
  const image = isSlot ? picture.image : picture;
  const status = !isSlot ? "complete" : picture.image_deleted ? "deleted" : picture.status;
  const shape = picture.shape ?? (image ? image.width / image.height : 1);
  return { id: picture.id, image, status, shape, preview: picture.preview ?? null };
}

function placeholder(thumbhash) {
  return thumbHashToDataURL(Uint8Array.from(atob(thumbhash), (character) => character.charCodeAt(0)));
}

function boxStyle(shape, image, behind) {
  return {
    position: "relative",
    overflow: "hidden",
    aspectRatio: String(shape),
    ...(image?.color && { backgroundColor: image.color }),
    ...(behind && { backgroundImage: `url(${JSON.stringify(behind)})`, backgroundSize: "cover" }),
  };
}
