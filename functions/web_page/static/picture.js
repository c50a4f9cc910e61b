/**
 * A box that has a picture's shape before there is a picture, so that nothing moves when it comes.
 * Layers lie over each other in it: shimmer, preview, thumbnail, picture; each fades in over the last.
 */
export class Picture {
  element = document.createElement("div");
  #imageId = null;

  /** @param {string|null} ratio as in "16:9"; a square when it is not known */
  constructor(ratio, prompt) {
    const [width, height] = (ratio ?? "1:1").split(":").map(Number);
    this.element.className = "picture";
    this.element.style.setProperty("--ratio", width / height || 1);
    this.element.setAttribute("aria-busy", "true");
    this.element.title = prompt ?? "";
  }

  preview(url) {
    const layer = this.element.querySelector(".preview") ?? this.#layer("preview");
    layer.src = url;
  }

  /**
   * @param {object} image from the API; its URLs are signed and expire
   * @param {() => Promise<object|undefined>} readAgain the same image with fresh URLs
   * @param {boolean} small the thumbnail only
   */
  show(image, readAgain, { small = false } = {}) {
    if (this.#imageId === image.id) return;
    this.#imageId = image.id;
    this.element.style.backgroundColor = image.color ?? "";
    this.#load("thumbnail", "thumbnail_url", image, readAgain);
    if (!small) this.#load("full", "url", image, readAgain);
    this.element.lastChild.alt = image.prompt;
  }

  #load(name, key, image, readAgain) {
    const layer = this.#layer(name);
    layer.addEventListener("load", () => this.element.removeAttribute("aria-busy"), { once: true });
    layer.onerror = async () => {
      layer.onerror = () => this.element.classList.add("broken");
      const fresh = await readAgain().catch(() => undefined);
      if (fresh) layer.src = fresh[key];
      else layer.onerror();
    };
    layer.src = image[key];
  }

  #layer(name) {
    const layer = new Image();
    layer.className = name;
    layer.alt = "";
    layer.loading = "lazy";
    layer.onload = () => layer.classList.add("shown");
    this.element.append(layer);
    return layer;
  }
}
