// Draw a digit: a canvas, and ten scores.

import { attempt, h, pen, say } from './dom.ts';
import { bars, load, Run, type Session, type Shown } from './run.ts';

const NAMES = ['digits_network', 'digits_cnn', 'digits_mlp_32_32', 'digits_xgboost', 'digits_forest'];
/** Where the chosen model is remembered when the page is loaded again: its answer may be under way. */
const CHOSEN = 'fhe-ml-digit-model';
/** The data set's bitmaps have 32 x 32 pixels, of which 4 x 4 are counted for one feature. */
const GRID = 32;
const CELLS = 8;
const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));
/** Its digits fill the height and about three quarters of the width; a 1 is not wider than it must be. */
const COLUMNS = 24;
const LEAST_WIDTH = 0.6;

export async function digit(session: Session): Promise<HTMLElement> {
  const models = (await session.chain.models()).filter(
    (model) => model.active && model.kind === 'public' && NAMES.includes(model.name),
  );
  const remembered = Number(sessionStorage.getItem(CHOSEN) ?? Number.NaN);
  const first = models.find(({ number }) => number === remembered) ?? models[0];
  if (!first)
    return h(
      'p',
      {},
      'The chain has no model for digits. ',
      h('a', { href: '#own' }, 'Register one'),
      ' (models/digits_network.onnx).',
    );
  let model = first;
  let loaded = await load(session, model);
  const hint = h('p', { class: 'hint' });
  const tell = () =>
    hint.replaceChildren(
      `Model ${model.number}, ${loaded.card.kind}, sees 8 x 8 encrypted grey values and gives ten encrypted scores.`,
    );
  tell();
  const choice = h(
    'select',
    { 'aria-label': 'Model' },
    ...models.map(({ number, name }) => h('option', { value: number }, `${number}: ${name}`)),
  );
  choice.value = String(model.number);
  const choose = async () => {
    const chosen = models.find(({ number }) => number === Number(choice.value)) ?? model;
    loaded = await load(session, chosen);
    model = chosen;
    sessionStorage.setItem(CHOSEN, String(model.number));
    tell();
  };
  const pad = h('canvas', {
    class: 'pad',
    width: 256,
    height: 256,
    tabindex: 0,
    role: 'img',
    'aria-label': 'Drawing pad: draw with mouse or finger',
  });
  const context = pen(pad);
  const clear = () => {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, pad.width, pad.height);
    context.lineWidth = 28;
    context.lineCap = context.lineJoin = 'round';
  };
  clear();
  const at = (event: PointerEvent): [number, number] => {
    const box = pad.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * pad.width) / box.width,
      ((event.clientY - box.top) * pad.height) / box.height,
    ];
  };
  pad.addEventListener('pointerdown', (event) => {
    pad.setPointerCapture(event.pointerId);
    context.beginPath();
    context.moveTo(...at(event));
    context.lineTo(...at(event));
    context.stroke();
  });
  pad.addEventListener('pointermove', (event) => {
    if (!pad.hasPointerCapture(event.pointerId)) return;
    context.lineTo(...at(event));
    context.stroke();
  });
  const sample = h(
    'select',
    { 'aria-label': 'A digit of the data set' },
    h('option', { value: '' }, 'or take one of the data set'),
  );
  const rows = (await (await fetch('samples/digits.test.csv')).text())
    .trim()
    .split('\n')
    .slice(1, 21)
    .map((line) => line.split(',').map(Number));
  sample.append(...rows.map((_, number) => h('option', { value: number }, `row ${number}`)));
  sample.addEventListener('change', () => {
    clear();
    const row = rows[Number(sample.value)];
    row?.forEach((value, cell) => {
      context.fillStyle = `rgb(${Array(3)
        .fill(255 - (value * 255) / 16)
        .join()})`;
      const side = pad.width / CELLS;
      context.fillRect((cell % CELLS) * side, Math.floor(cell / CELLS) * side, side, side);
    });
  });

  const answer = h('div', { 'aria-live': 'polite' });
  const show = (prediction: Shown | string, badge?: HTMLElement) => {
    if (typeof prediction === 'string')
      return answer.replaceChildren(h('p', { class: 'answer' }, 'Noise'), h('p', {}, prediction));
    answer.replaceChildren(
      h('p', { class: 'answer' }, badge ? `It is a ${prediction.prediction}` : `Noise: ${prediction.prediction}`),
      badge ?? '',
      bars((badge ? prediction.scores : prediction.raw_scores) ?? [], DIGITS),
    );
  };
  const place = h('div', {});
  const go = h('button', { class: 'main', type: 'button' }, 'Encrypt and ask the chain');
  choice.addEventListener('change', () => void attempt(choose, go));
  const begin = (work: (run: Run) => Promise<void>) =>
    attempt(() => {
      answer.replaceChildren();
      const run = new Run(session, loaded, show);
      place.replaceChildren(run.element);
      return work(run);
    }, go);
  go.addEventListener('click', () => {
    const row =
      sample.value === '' ? cells(context.getImageData(0, 0, pad.width, pad.height)) : rows[Number(sample.value)];
    if (!row) return say('the pad is empty: draw a digit first');
    void begin(async (run) => run.start(row, await session.chain.price(model)));
  });
  const open = Run.openJob();
  if (open !== undefined) void begin((run) => run.resume(open));
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, 'Draw a digit from 0 to 9'),
    hint,
    models.length > 1 ? h('p', {}, 'Model ', choice) : '',
    h(
      'div',
      { class: 'columns' },
      h(
        'div',
        {},
        pad,
        h(
          'p',
          {},
          h(
            'button',
            {
              type: 'button',
              onclick: () => {
                clear();
                sample.value = '';
              },
            },
            'Clear',
          ),
          ' ',
          sample,
        ),
        h('p', {}, go),
      ),
      answer,
    ),
    place,
  );
}

/** The features of a drawing, as the data set's were made: cut out, scaled, counted in 4 x 4 pixels. */
function cells(image: ImageData): number[] | undefined {
  const ink = (x: number, y: number) => (image.data[4 * (y * image.width + x)] ?? 255) < 128;
  let [left, right, top, bottom] = [image.width, -1, image.height, -1];
  for (let y = 0; y < image.height; y += 1) {
    for (let x = 0; x < image.width; x += 1) {
      if (!ink(x, y)) continue;
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
    }
  }
  if (right < 0) return undefined;
  const high = bottom - top + 1;
  const wide = Math.max(right - left + 1, LEAST_WIDTH * high);
  const x0 = (left + right + 1 - wide) / 2;
  const counts = Array<number>(CELLS * CELLS).fill(0);
  for (let y = 0; y < GRID; y += 1) {
    for (let x = 0; x < GRID; x += 1) {
      const px = Math.floor(x0 + ((x + 0.5 - (GRID - COLUMNS) / 2) * wide) / COLUMNS);
      const py = Math.floor(top + ((y + 0.5) * high) / GRID);
      const inside = px >= 0 && py >= 0 && px < image.width && py < image.height;
      const cell = Math.floor(y / 4) * CELLS + Math.floor(x / 4);
      if (inside && ink(px, py)) counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  return counts;
}
