// What every component shares: it is built once for each state that the page gives it, in the element ROOT,
// by `build(root, data)`, which says how to stop it. Everything from a run is put in as text.

const mounted = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(ROOT);
  const before = mounted.get(root);
  if (before && before.signature === data.signature) return;
  if (before) before.stop();
  mounted.set(root, build(root, data));
  return () => {
    const now = mounted.get(root);
    if (now) now.stop();
    mounted.delete(root);
  };
}

function element(tag, attributes = {}, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}
