// Image filters: a picture goes to the chain in encrypted tiles and comes back filtered.

import { FILTERS, type FilterCard } from '@fhe-ml/client';
import { fhe, type Offer } from '@fhe-ml/client/chain';
import type { Part } from './chain.ts';
import { ask } from './crypto.ts';
import { attempt, bytes, h, pen, picture } from './dom.ts';
import { known, placeOf, refusing, type Session } from './run.ts';

/** Larger pictures are made smaller: each tile is a transaction. */
const MAX_SIDE = 196;
const MAX_FILE_BYTES = 20_000_000;

/** Red, green, blue of each pixel. */
interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

interface Tile {
  /** Corner of what it gives of the picture, and its size. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** How much of the neighbours it has on its left and top. */
  margin: number;
}

/** Cuts a picture into tiles of a filter's size, with a pixel of their neighbours around them. */
function tiles({ width, height }: Picture, side: [number, number]): Tile[] {
  const [columns, rows] = side;
  if (width <= columns && height <= rows) return [{ x: 0, y: 0, width, height, margin: 0 }];
  const found: Tile[] = [];
  for (let y = 0; y < height; y += rows - 2) {
    for (let x = 0; x < width; x += columns - 2) {
      found.push({ x, y, width: Math.min(columns - 2, width - x), height: Math.min(rows - 2, height - y), margin: 1 });
    }
  }
  return found;
}

/** The pixels of a tile; beyond the picture it goes on with its border. */
function cut({ width, height, pixels }: Picture, tile: Tile, [columns, rows]: [number, number]): Uint8Array {
  const inside = (value: number, end: number) => Math.min(Math.max(value, 0), end - 1);
  const part = new Uint8Array(columns * rows * 3);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const at = 3 * (inside(tile.y + y - tile.margin, height) * width + inside(tile.x + x - tile.margin, width));
      part.set(pixels.subarray(at, at + 3), 3 * (y * columns + x));
    }
  }
  return part;
}

/** Puts a filtered tile where it belongs. */
function put(canvas: HTMLCanvasElement, source: Picture, tile: Tile, card: FilterCard, filtered: Uint8Array): void {
  const [columns, rows] = card.output_size;
  const turned = card.filter === 'rotate';
  const [width, height] = turned ? [tile.height, tile.width] : [tile.width, tile.height];
  const image = pen(canvas).createImageData(width, height);
  // The margins of a turned tile: what was at the bottom is now at the left.
  const [left, top] = turned ? [card.size[1] - tile.margin - tile.height, tile.margin] : [tile.margin, tile.margin];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = Math.min(top + y, rows - 1) * columns + Math.min(left + x, columns - 1);
      const channel = (c: number) => filtered[card.output_channels === 1 ? at : 3 * at + c] ?? 0;
      image.data.set([channel(0), channel(1), channel(2), 255], 4 * (y * width + x));
    }
  }
  const [x, y] = turned ? [source.height - tile.y - tile.height, tile.x] : [tile.x, tile.y];
  pen(canvas).putImageData(image, x, y);
}

/** A picture to begin with: made here, since nothing is loaded from elsewhere. */
function example(canvas: HTMLCanvasElement): void {
  [canvas.width, canvas.height] = [100, 100];
  const drawing = pen(canvas);
  const sky = drawing.createLinearGradient(0, 0, 0, 100);
  sky.addColorStop(0, '#2b6cb0');
  sky.addColorStop(1, '#fbd38d');
  drawing.fillStyle = sky;
  drawing.fillRect(0, 0, 100, 100);
  drawing.fillStyle = '#f6e05e';
  drawing.beginPath();
  drawing.arc(72, 28, 12, 0, 7);
  drawing.fill();
  for (const [color, points] of [
    [
      '#22543d',
      [
        [0, 100],
        [0, 62],
        [30, 40],
        [62, 100],
      ],
    ],
    [
      '#276749',
      [
        [28, 100],
        [66, 52],
        [100, 78],
        [100, 100],
      ],
    ],
  ] as const) {
    drawing.fillStyle = color;
    drawing.beginPath();
    for (const [x, y] of points) drawing.lineTo(x, y);
    drawing.fill();
  }
  drawing.fillStyle = '#c53030';
  drawing.fillRect(38, 70, 18, 16);
}

function read(canvas: HTMLCanvasElement): Picture {
  const { data, width, height } = pen(canvas).getImageData(0, 0, canvas.width, canvas.height);
  return {
    width,
    height,
    pixels: Uint8Array.from({ length: 3 * width * height }, (_, at) => data[4 * Math.floor(at / 3) + (at % 3)] ?? 0),
  };
}

export async function filters(session: Session): Promise<HTMLElement> {
  const models = (await session.chain.models()).filter(
    (model) => model.active && model.kind === 'public' && (FILTERS as readonly string[]).includes(model.name),
  );
  if (models.length === 0)
    return h(
      'p',
      {},
      'The chain has no image filters: `fhe-ml model filter blur -o blur.fheml` makes one, `fhe-ml model register` registers it.',
    );
  const before = h('canvas', { class: 'pad', role: 'img', 'aria-label': 'Your picture' });
  const after = h('canvas', { class: 'pad', role: 'img', 'aria-label': 'The filtered picture', 'data-state': 'empty' });
  const seen = h('div', {});
  const status = h('p', { role: 'status' });
  const bar = h('progress', { value: 0, max: 1, hidden: true, 'aria-label': 'Tiles filtered' });
  example(before);
  [after.width, after.height] = [100, 100];
  const choice = h(
    'select',
    { 'aria-label': 'Filter' },
    ...models.map((model, at) => h('option', { value: at }, model.name.replaceAll('-', ' '))),
  );
  const choose = async (chosen: File) => {
    if (chosen.size > MAX_FILE_BYTES) throw new Error('the picture has more than 20 MB; take a smaller one');
    const image = await createImageBitmap(chosen).catch(() => {
      throw new Error('the file is no picture that this browser can read');
    });
    const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
    [before.width, before.height] = [
      Math.max(1, Math.round(image.width * scale)),
      Math.max(1, Math.round(image.height * scale)),
    ];
    pen(before).drawImage(image, 0, 0, before.width, before.height);
    status.textContent = scale < 1 ? `made smaller: ${before.width} x ${before.height} pixels` : '';
  };
  const file = h('input', {
    type: 'file',
    accept: 'image/*',
    class: 'visually-hidden',
    id: 'picture',
    onchange: () => {
      const [chosen] = file.files ?? [];
      file.value = '';
      if (chosen) void attempt(() => choose(chosen));
    },
  });
  const go = h(
    'button',
    {
      class: 'main',
      type: 'button',
      onclick: () => {
        const model = models[Number(choice.value)];
        if (!model) return;
        const work = () => filter(session, model, read(before), after, seen, status, bar);
        void attempt(work, go).then(() => {
          bar.hidden = true;
        });
      },
    },
    'Encrypt and filter on the chain',
  );
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, 'Filter a picture that nobody sees'),
    h(
      'p',
      { class: 'hint' },
      'Every pixel is encrypted; collators add and subtract ciphertexts. No server key is needed.',
    ),
    h(
      'div',
      { class: 'columns' },
      h('div', {}, before, h('p', {}, h('label', { class: 'button', for: 'picture' }, 'Choose a picture', file))),
      h('div', {}, after),
      seen,
    ),
    h('p', {}, choice, ' ', go),
    status,
    bar,
  );
}

async function filter(
  session: Session,
  model: Offer,
  source: Picture,
  after: HTMLCanvasElement,
  seen: HTMLElement,
  status: HTMLElement,
  bar: HTMLProgressElement,
): Promise<void> {
  after.dataset.state = 'empty';
  await session.keys();
  const { chain } = session;
  const artifact = await chain.artifact(model.number);
  const { hash, card } = await known(session, model, () => ask('filter', artifact, placeOf(session, model)));
  const parts = tiles(source, card.size);
  const turned = card.filter === 'rotate';
  [after.width, after.height] = turned ? [source.height, source.width] : [source.width, source.height];
  const { owner, requests, atOnce } = await chain.price(model, parts.length);
  status.textContent = 'encrypting';
  const start = performance.now();
  const sent: (Part & { tile: Tile })[] = [];
  for (const [at, request] of requests.entries()) {
    const tile = parts[at] as Tile;
    sent.push({ ...request, tile, input: await ask('encryptImage', hash, cut(source, tile, card.size)) });
  }
  const time = Math.round(performance.now() - start);
  const first = sent[0]?.input ?? new Uint8Array();
  seen.replaceChildren(
    h('p', {}, 'What the collator sees of it:'),
    picture(first.subarray(96), 'Ciphertext as a picture: noise'),
  );
  [bar.max, bar.value, bar.hidden] = [parts.length, 0, false];
  status.textContent = `encrypted in ${time} ms; ${parts.length} ${parts.length === 1 ? 'tile is' : 'tiles are'} on the way`;
  const blocks: number[] = [];
  let [total, verified] = [0n, 0];
  const { number, leastRedundancy: redundancy } = model;
  const wanted = { model: number, redundancy, key: undefined, price: owner, account: session.account() };
  await chain.requestAll(wanted, sent, atOnce, async ({ input, tile }, answer) => {
    const { requested, result, block } = await answer;
    const opened = await refusing(session, requested.job, ask('openImage', hash, input, result));
    put(after, source, tile, card, opened.value);
    verified += opened.verified ?? 0;
    blocks.push(requested.block, block);
    total += requested.fee;
    bar.value += 1;
  });
  after.dataset.state = 'done';
  status.textContent =
    `${parts.length} ${parts.length === 1 ? 'tile' : 'tiles'} of ${bytes(first.length)}, encrypted in ${time} ms; ` +
    `blocks ${Math.min(...blocks)} to ${Math.max(...blocks)}, fee ${fhe(total)}; evaluated in about ${(model.work / 1000).toFixed(1)} ms each, ` +
    `verified on this machine in ${verified.toFixed(1)} ms`;
}
