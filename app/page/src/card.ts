// What a model is and what it costs, as tables.

import type { ModelCard } from '@fhe-ml/client';
import { bytes, h } from './dom.ts';

/** Names, and what is to be said of each. */
export const facts = (lines: [string, string | Node][]): HTMLElement =>
  h(
    'table',
    { class: 'facts' },
    h('tbody', {}, ...lines.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value)))),
  );

/** Whether decrypted scores have noise. */
export const noisy = ({ quantisation }: ModelCard): boolean =>
  (quantisation?.score_deviations ?? []).some((deviation) => deviation > 0);

const deviations = ({ quantisation }: ModelCard): string => {
  const deviations = (quantisation?.score_deviations ?? []).map((deviation) => deviation.toExponential(1));
  const changed = quantisation?.changed_classes;
  const classes = changed === undefined ? '' : `; ${(100 * changed).toFixed(1)} % of the calibration rows change class`;
  return `standard deviation ${deviations.join(', ')}${classes}`;
};

/** What they give away then. */
export const NOISY_SCORES =
  'The noise in decrypted scores of this model tells of your client key: show them to nobody, and make new keys if ' +
  'others have to see the classes of many rows';

/** The lines of a model's card. */
export const cardLines = (card: ModelCard, artifactBytes: number): [string, string][] => [
  ['Kind', card.kind],
  ['Features', String(card.features.length)],
  ...(card.before
    ? [['Computed of them in this browser', `${card.before.columns.length} numbers`] as [string, string]]
    : []),
  ['Artifact', bytes(artifactBytes)],
  ['Encrypted input', bytes(card.sizes.input)],
  ['Encrypted result', bytes(card.sizes.result)],
  ['Server key', card.sizes.server_key ? bytes(card.sizes.server_key) : 'none'],
  ['Bootstrap key', card.sizes.bootstrap_key ? bytes(card.sizes.bootstrap_key) : 'none'],
  ...(noisy(card) ? [['Noise of scores', `${deviations(card)}. ${NOISY_SCORES}`] as [string, string]] : []),
  [
    'Wrong decryption',
    card.decryption_failure_probability === 0
      ? 'never'
      : `probability ${card.decryption_failure_probability.toExponential(0)}`,
  ],
];
