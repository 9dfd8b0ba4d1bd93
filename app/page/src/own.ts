// Your own model: an ONNX file becomes a model on the chain.

import { classesOf } from '@fhe-ml/client';
import { cardLines, facts } from './card.ts';
import { ask } from './crypto.ts';
import { attempt, h, why } from './dom.ts';
import { form, inOrder, readTable, type Table } from './form.ts';
import { bars, load, type Session } from './run.ts';

const TIE =
  'A tie: the two best classes are closer to each other than the scores are exact, so another run of the same model may say the other one.';
const MAX_ONNX_BYTES = 20_000_000;

export async function own(session: Session): Promise<HTMLElement> {
  const place = h('div', {});
  const tryOut = async (number: number, rows?: Table) => {
    const model = (await session.chain.models()).find((model) => model.number === number);
    if (!model) throw new Error(`the chain has no model ${number}`);
    const loaded = await load(session, model);
    // What the rows are, the card tells.
    const [sample] = rows ? inOrder(rows, loaded) : [];
    place.append(
      h('h2', {}, `Try model ${number}, ${model.name}`),
      await form(session, loaded, sample, ({ prediction, scores = [], tie }) =>
        h(
          'div',
          {},
          h('p', { class: 'answer' }, String(prediction)),
          ...(tie ? [h('p', { class: 'hint' }, TIE)] : []),
          bars(scores, classesOf(loaded.card)?.map(String) ?? []),
        ),
      ),
    );
  };
  const register = async (artifact: Uint8Array, rows?: Table) => {
    const number = await session.chain.registerModel(artifact, session.account()).catch((error: unknown) => {
      const hint = /sudo/i.test(why(error)) ? ' (choose the admin account, Alice on a development chain)' : '';
      throw new Error(`${why(error)}${hint}`);
    });
    await tryOut(number, rows);
  };
  const take = async (files: File[]) => {
    place.replaceChildren();
    const onnx = files.find((file) => file.name.endsWith('.onnx'));
    const csv = files.find((file) => file.name.endsWith('.csv'));
    if (!onnx) throw new Error('choose an .onnx file, and with it a .csv file of training rows if you have one');
    if (onnx.size > MAX_ONNX_BYTES) throw new Error('the model has more than 20 MB, which no chain stores');
    const calibration: Table | undefined = csv && (await readTable(csv));
    const data = new Uint8Array(await onnx.arrayBuffer());
    const artifact = await ask('importOnnx', data, onnx.name.replace(/\.onnx$/, '').slice(0, 64), calibration);
    const { card } = await ask('model', artifact);
    place.append(
      h('h2', {}, `The card of ${card.name}`),
      facts(cardLines(card, artifact.length)),
      h(
        'p',
        {},
        h(
          'button',
          {
            class: 'main',
            type: 'button',
            onclick: async ({ currentTarget }: Event) => {
              const button = currentTarget as HTMLButtonElement;
              // Registered once, it is registered.
              button.disabled = await attempt(() => register(artifact, calibration), button);
            },
          },
          'Register it on the chain',
        ),
      ),
      h('p', { class: 'hint' }, "Only the chain's admin may: on a development chain that is Alice."),
    );
  };
  const choose = h('input', {
    type: 'file',
    multiple: true,
    accept: '.onnx,.csv',
    class: 'visually-hidden',
    id: 'model-file',
    onchange: () => {
      const files = [...(choose.files ?? [])];
      choose.value = '';
      void attempt(() => take(files));
    },
  });
  const card = h(
    'div',
    { class: 'card' },
    h('h2', {}, 'Bring a trained model'),
    h(
      'p',
      { class: 'hint' },
      'Trees, networks with one hidden layer and linear models from scikit-learn, XGBoost, LightGBM or PyTorch, as ONNX, with the encoders and imputers before them. It is compiled in this browser.',
    ),
    h(
      'p',
      {},
      h(
        'label',
        { class: 'button', for: 'model-file' },
        'Choose, or drop here, an .onnx file (and a .csv of training rows)',
        choose,
      ),
    ),
    place,
  );
  card.addEventListener('dragover', (event) => event.preventDefault());
  card.addEventListener('drop', (event) => {
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    void attempt(() => take(files));
  });
  return card;
}
