/** Pictures as files, and for the clipboard. */
import { element } from "./elements.js";
import { ApiError } from "./unified_channel.js";

/**
 * Saves pictures, each under words of its prompt.
 * @param {(image: object) => Promise<object>} readAgain the same image with fresh URLs
 */
export async function downloadAll(images, readAgain) {
  for (const [index, image] of images.entries()) {
    if (index) await new Promise((resolve) => setTimeout(resolve, 300)); // browsers drop downloads at once
    const { url } = await readAgain(image).catch(() => image);
    const number = images.length > 1 ? `-${index + 1}` : "";
    save(url, `${nameOf(image)}${number}.webp`);
  }
}

/** Saves one picture as PNG. */
export async function downloadPng(image, readAgain) {
  const url = URL.createObjectURL(await pngOf(image, readAgain));
  save(url, `${nameOf(image)}.png`);
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may still be writing it
}

/** Saves what an address says of itself that it is a file. */
export function downloadFrom(url) {
  save(url, "");
}

/** The picture as it is, as PNG, which is what clipboards take. */
export async function pngOf(image, readAgain) {
  const fresh = await readAgain(image).catch(() => image);
  const bitmap = await bitmapOf(fresh.url).catch((cause) => {
    throw new ApiError(0, { code: "picture_not_loaded" }, { cause });
  });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}

function save(href, download) {
  element("a", { href, download }).click();
}

function nameOf({ id, prompt }) {
  const words = (prompt ?? "").normalize("NFKC").match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.join("-").slice(0, 60) || id;
}

async function bitmapOf(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return createImageBitmap(await answer.blob());
}
