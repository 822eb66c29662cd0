/** Tells an embedding page how high the portal is, so that its iframe needs no scroll bar. */

/** The message that svix-react and Svix's own portal use. */
const HEIGHT_MESSAGE = "svix.iframe-resizer-height";

/** Tells the height now, and whenever it changes. Pages that embed nothing ignore it. */
export function tellHeight(): void {
  if (window.parent === window) return;
  // Pages are as high as their content then, not as the window.
  document.documentElement.dataset.embedded = "true";
  let told = 0;
  const observer = new ResizeObserver(() => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    // The height is no secret, and the embedding page can be anywhere.
    window.parent.postMessage({ type: HEIGHT_MESSAGE, payload: { height } }, "*");
  });
  observer.observe(document.body);
}
