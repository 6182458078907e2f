// In a partner's frame: tells the page around how high this one is, and nobody else.
const page = document.documentElement;
// Both say whose page it is; a browser may have neither, and then that page has to ask.
let partner = location.ancestorOrigins?.[0] || (document.referrer && new URL(document.referrer).origin);

function tell() {
  if (parent === window || !partner || partner === "null") return;
  const height = Math.ceil(page.getBoundingClientRect().height);
  parent.postMessage({ type: "news-frame-height", height }, partner);
}

addEventListener("message", (event) => {
  if (event.source !== parent || event.data?.type !== "news-frame-ask") return;
  partner = event.origin;
  tell();
});
// A browser may not draw a frame that is far from view, and then observes nothing there.
tell();
addEventListener("load", tell);
new ResizeObserver(tell).observe(page);
