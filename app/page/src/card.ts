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
  [
    'Wrong decryption',
    card.decryption_failure_probability === 0
      ? 'never'
      : `probability ${card.decryption_failure_probability.toExponential(0)}`,
  ],
];
