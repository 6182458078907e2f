// In a partner's page: gives each frame of ours the height that it says it has. It believes only
// the frame itself, and only a number.
const site = new URL(import.meta.url).origin;
const LOWEST = 60, HIGHEST = 200000;

function frames() {
  return [...document.querySelectorAll("iframe")].filter((one) => one.src.startsWith(`${site}/`));
}

addEventListener("message", (event) => {
  if (event.origin !== site || event.data?.type !== "news-frame-height") return;
  const height = Number(event.data.height);
  if (!(height >= LOWEST && height <= HIGHEST)) return;
  const frame = frames().find((one) => one.contentWindow === event.source);
  if (frame) frame.height = Math.ceil(height);
});
// What is there already may have spoken before anybody listened. The question says nothing, so it
// may be asked of a frame that is not there yet.
for (const frame of frames()) frame.contentWindow?.postMessage({ type: "news-frame-ask" }, "*");
