#!/bin/sh
# Chromium counts a layout shift where a gliding element glides on to another place, and nothing jumps.
#
# Seen with Chromium 156.0.8078.108, driven by playwright 1.65.2, on 2026-11-30.
#
# An element gets another place in the layout, and an animation of its `transform` lets it glide there from
# where it was seen: by all advice no layout shift, and none is counted. If it gets a third place while it
# still glides, and a new animation begins just where it is seen then, a shift is counted, by as much as
# the place in the layout has moved. What is seen is the same before and after. If the transform is set as a
# style of each frame, in place of the animations, none is counted.
#
# Needs Chromium or Chrome; CHROMIUM names it, else it is looked for by its usual names.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
export CHROMIUM
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check playwright==1.65.2

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import os

from playwright.sync_api import sync_playwright

PAGE = """<!doctype html><title>A box</title>
<style>#box { position: absolute; top: 100px; width: 300px; height: 100px; background: teal }</style>
<div id="box"></div>"""
GLIDE = """async ([byAnimation, seenAt]) => {
  const box = document.getElementById("box");
  const shifts = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({ type: "layout-shift" });
  const frame = () => new Promise(requestAnimationFrame);
  const until = async (isSo) => { while (!isSo()) await frame(); };
  const top = () => box.getBoundingClientRect().top;
  const TIME = 1_000;
  let from = 0, start = null;

  const everyFrame = (now) => {
    const left = 1 - Math.max(0, now - (start ??= now)) / TIME;
    box.style.transform = left > 0 ? `translateY(${from * left}px)` : "";
    if (left > 0) requestAnimationFrame(everyFrame); else start = null;
  };
  const isGliding = () => (byAnimation ? box.getAnimations().length > 0 : box.style.transform !== "");
  /** 100 px further down. Returns by how much it jumps for the eye. */
  const further = () => {
    const seen = top(), wasGliding = isGliding();
    box.getAnimations().forEach((one) => one.cancel());
    box.style.transform = "";
    box.style.top = `${box.offsetTop + 100}px`;
    from = seen - top();
    if (byAnimation) box.animate([{ transform: `translateY(${from}px)` }, { transform: "none" }], TIME);
    else {
      box.style.transform = `translateY(${from}px)`;
      start = null;
      if (!wasGliding) requestAnimationFrame(everyFrame);
    }
    return Math.round(top() - seen);
  };

  await frame(); await frame();
  const jumps = [further()];
  await until(() => top() >= seenAt);
  if (seenAt === 200) {
    await until(() => !isGliding());
    await frame(); await frame();
  }
  jumps.push(further());
  await until(() => !isGliding());
  await frame(); await frame();
  const moved = shifts.flatMap(({ sources }) => sources.map((one) => one.currentRect.top - one.previousRect.top));
  return { jumps, moved: moved.map(Math.round), ends: top() };
}"""

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"])
    for way in ("animations", "a style for each frame"):
        for name, seen_at in (("one after the other", 200), ("the second cuts the first short", 130)):
            page = browser.new_page()
            page.set_content(PAGE)
            seen = page.evaluate(GLIDE, [way == "animations", seen_at])
            page.close()
            print(f"two glides by {way}, {name}:")
            print(f"  jumps {seen['jumps']} px, ends at {seen['ends']:.0f}; shifts counted: {seen['moved']} px")
    browser.close()
END
cat >"$folder/expected" <<'END'
two glides by animations, one after the other:
  jumps [0, 0] px, ends at 300; shifts counted: [] px
two glides by animations, the second cuts the first short:
  jumps [0, 0] px, ends at 300; shifts counted: [100] px
two glides by a style for each frame, one after the other:
  jumps [0, 0] px, ends at 300; shifts counted: [] px
two glides by a style for each frame, the second cuts the first short:
  jumps [0, 0] px, ends at 300; shifts counted: [] px
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
