// <news-feed>: a newsroom's articles in a partner's page. The newsroom's server makes the markup,
// by the same templates as everywhere; this copies it, element by element from a list of what is
// allowed. So no text is ever read as markup in the partner's page, and a policy may ask for
// Trusted Types. Nothing is stored, and nobody else is asked.
const SITE = new URL("..", import.meta.url).href;
const OPTIONS = ["count", "tag", "language", "heading", "images", "detail"];
const ELEMENTS = new Set(
  ("a abbr article audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn " +
    "div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p picture pre q " +
    "rp rt ruby s samp section small source span strong sub summary sup table tbody td tfoot th " +
    "thead time tr track u ul var video wbr").split(" "));
const ATTRIBUTES = new Set(
  ("alt aria-label cite class colspan controls datetime dir height href hreflang kind label lang " +
    "media open poster reversed role rowspan scope sizes src srclang srcset start tabindex title type width").split(" "));
const ADDRESSES = new Set(["cite", "href", "poster", "src"]);
const SAFE = /^(?:https?|mailto|tel):/i;

const STYLE = `
:host { display: block; overflow-wrap: break-word; font: var(--news-font, inherit); color: var(--news-ink, inherit); }
:host([hidden]) { display: none; }
h1, h2, h3, h4, h5, h6, p, ul, ol, figure { margin: 0; }
a { color: var(--news-accent, LinkText); }
:focus-visible { outline: 3px solid var(--news-accent, currentColor); outline-offset: 2px; }
img, video { max-inline-size: 100%; block-size: auto; }
.news-item { padding-block-end: var(--news-gap, 1em); border-block-end: 1px solid var(--news-line, currentColor); }
.news-item + .news-item { margin-block-start: var(--news-gap, 1em); }
.title { font-family: var(--news-title-font, inherit); font-size: 1.15em; line-height: 1.3; }
.article { margin-block-start: .4em; }
.article:empty { display: none; }
.article > * + * { margin-block-start: .8em; }
.article ul, .article ol { padding-inline-start: 1.4em; }
.article blockquote { margin-inline: 0; padding-inline-start: 1em; border-inline-start: 3px solid var(--news-line, currentColor); }
.article pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.article h3, .article h4, .article h5, .article h6 { font-size: 1.05em; }
.scroll { overflow-x: auto; }
.article th, .article td { padding: .3em .6em; text-align: start; }
.about, .sources, .attribution { font-size: .875em; color: var(--news-soft, inherit); }
.about { margin-block-start: .4em; }
.correction, .notice { margin-block-start: .4em; padding: .6em .8em; border: 1px solid var(--news-line, currentColor); background: var(--news-note, transparent); color: var(--news-on-note, inherit); }
.withdrawn .title { text-decoration: line-through; }
.attribution { margin-block-start: var(--news-gap, 1em); }
`;
let sheet;

function styleSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
  }
  return sheet;
}

function copyInto(to, from) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) {
      to.append(node.data);
    } else if (node.nodeType === Node.ELEMENT_NODE && ELEMENTS.has(node.localName)) {
      const made = document.createElement(node.localName);
      for (const { name, value } of node.attributes) {
        if (ATTRIBUTES.has(name) && !(ADDRESSES.has(name) && !SAFE.test(value))) made.setAttribute(name, value);
      }
      if (made.className) made.setAttribute("part", made.className);
      if (made.localName === "img") made.loading = "lazy";
      copyInto(made, node);
      to.append(made);
    }
  }
}

class NewsFeed extends HTMLElement {
  static observedAttributes = ["feed", ...OPTIONS];
  #request;
  #waits = false;

  connectedCallback() { this.#later(); }
  disconnectedCallback() { this.#request?.abort(); }
  attributeChangedCallback() { this.#later(); }

  /** Where the markup comes from. */
  get source() {
    const path = (this.getAttribute("feed") ?? "").split("/").filter(Boolean).map(encodeURIComponent);
    const address = new URL(["embed", "fragment", ...path, ""].join("/"), SITE);
    for (const name of OPTIONS) {
      const value = this.getAttribute(name);
      if (value) address.searchParams.set(name, value);
    }
    return address.href;
  }

  #later() {
    if (this.#waits) return;
    this.#waits = true;
    queueMicrotask(() => {
      this.#waits = false;
      if (this.isConnected) this.#load();
    });
  }

  #load() {
    this.#request?.abort();
    const request = this.#request = new XMLHttpRequest();
    request.open("GET", this.source);
    request.responseType = "document"; // read as HTML, but in no page: nothing in it runs or loads
    request.onload = () => {
      const found = request.status === 200 && request.response?.querySelector(".news-embed");
      if (found) this.#show(found);
      this.dispatchEvent(new Event(found ? "load" : "error"));
    };
    request.onerror = () => this.dispatchEvent(new Event("error")); // what is inside stays on show
    request.send();
  }

  #show(found) {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styleSheet()];
    const made = document.createDocumentFragment();
    copyInto(made, { childNodes: [found] });
    root.replaceChildren(made);
  }
}

if (!customElements.get("news-feed")) customElements.define("news-feed", NewsFeed);
