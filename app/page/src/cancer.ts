// Is it malignant?: a form of measurements, and a gauge.

import { h } from './dom.ts';
import { form, inOrder, readTable } from './form.ts';
import { load, type Session } from './run.ts';

const NAMES = ['breast_cancer_xgboost_50x4', 'breast_cancer_logistic'];

export async function cancer(session: Session): Promise<HTMLElement> {
  const models = (await session.chain.models()).filter(
    (model) => model.active && model.kind === 'public' && NAMES.includes(model.name),
  );
  const [model] = models;
  if (!model)
    return h(
      'p',
      {},
      'The chain has no model for tumours. ',
      h('a', { href: '#own' }, 'Register one'),
      ' (models/breast_cancer_xgboost_50x4.onnx).',
    );
  const loaded = await load(session, model);
  const [sample] = inOrder(await readTable(await (await fetch('samples/breast_cancer.test.csv')).blob()), loaded);
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, 'Is this tumour malignant?'),
    h(
      'p',
      { class: 'hint' },
      `Model ${model.number}, ${loaded.card.kind}: 30 measurements of cell nuclei, encrypted in this browser. For demonstration only.`,
    ),
    await form(session, loaded, sample, ({ prediction, scores = [] }) =>
      h(
        'div',
        {},
        h('p', { class: 'answer' }, prediction === 0 ? 'Malignant' : 'Benign'),
        h(
          'div',
          { class: 'bar' },
          h('span', {}, 'malignant'),
          h('meter', {
            min: 0,
            max: 1,
            low: 0.5,
            optimum: 0,
            value: scores[0] ?? 0,
            'aria-label': 'Probability of a malignant tumour',
          }),
          h('span', {}, `${(100 * (scores[0] ?? 0)).toFixed(2)} %`),
        ),
      ),
    ),
  );
}
