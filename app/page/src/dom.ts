// Small helpers for the page.

type Child = Node | string | undefined | false;

/** Makes an element; `on...` properties are listeners, others attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child): child is Node | string => !!child || child === ''));
  return element;
}

export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** Says what went wrong, where everybody sees it; nothing to take it away. */
export function say(text?: string): void {
  const message = byId('message');
  message.textContent = text ?? '';
  message.hidden = !text;
  if (text) message.scrollIntoView({ block: 'nearest' });
}

/**
 * Does what the visitor has asked for, and says what goes wrong. Nobody can ask again meanwhile: `button` is off.
 * Resolves to whether it went well.
 */
export async function attempt(work: () => Promise<void>, button?: HTMLButtonElement): Promise<boolean> {
  say();
  if (button) button.disabled = true;
  try {
    await work();
    return true;
  } catch (error) {
    say(why(error));
    return false;
  } finally {
    if (button) button.disabled = false;
  }
}

export const why = (error: unknown) => (error instanceof Error ? error.message : String(error));

export const bytes = (count: number) =>
  count < 1000 ? `${count} bytes` : count < 1e6 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1e6).toFixed(2)} MB`;

/** What draws on a canvas, and is read often. */
export function pen(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser draws no pictures (canvas)');
  return context;
}

/** Bytes as a picture, one pixel each: what a ciphertext looks like. */
export function picture(data: Uint8Array, label: string): HTMLCanvasElement {
  const side = Math.min(64, Math.max(4, Math.ceil(Math.sqrt(data.length))));
  const canvas = h('canvas', { class: 'noise', width: side, height: side, role: 'img', 'aria-label': label });
  const context = canvas.getContext('2d');
  if (!context) return canvas;
  const image = context.createImageData(side, side);
  for (let at = 0; at < side * side; at += 1) {
    const value = data[at] ?? 0;
    image.data.set([value, value, value, at < data.length ? 255 : 0], 4 * at);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
