/** Pictures as files. */
import { element } from "./elements.js";

/**
 * Saves pictures, each under words of its prompt.
 * @param {(image: object) => Promise<object>} readAgain the same image with fresh URLs
 */
export async function downloadAll(images, readAgain) {
  for (const [index, image] of images.entries()) {
    if (index) await new Promise((resolve) => setTimeout(resolve, 300)); // browsers drop downloads at once
    const { url } = await readAgain(image).catch(() => image);
    const words = (image.prompt ?? "").normalize("NFKC").match(/[\p{L}\p{N}]+/gu) ?? [];
    const name = words.join("-").slice(0, 60) || image.id;
    const number = images.length > 1 ? `-${index + 1}` : "";
    element("a", { href: url, download: `${name}${number}.webp` }).click();
  }
}
