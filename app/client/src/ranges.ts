// What a card tells of a model: where the values of its features are, for the hints in a form, and its classes.

import type { ModelCard } from './index.js';

interface Scaled {
  offset: number;
  scale: number;
}

/** What a card tells of its features, as `crates/models` writes it. */
type Encoding =
  | { scaled: Scaled[] }
  | { levels: { features: Scaled[]; largest: number[] } }
  | { hidden_layer: { features: Scaled[]; largest: number[] } }
  // A list is a set of values that a feature is compared with.
  | { predicates: { features: number[]; thresholds: (number | number[] | null)[] } };

/** From where to where the values of each feature usually are, as far as the card tells. */
export function rangesOf(card: ModelCard): ([number, number] | undefined)[] {
  if (!card.before) return columnRanges(card, card.features.length);
  // Of a feature that is encoded as it is.
  const { columns } = card.before;
  const ranges = columnRanges(card, columns.length);
  return card.features.map((name) => ranges[columns.indexOf(name)]);
}

/** The same of the columns that are encoded. */
function columnRanges(card: ModelCard, columns: number): ([number, number] | undefined)[] {
  const encoding = card.encoding as Encoding;
  const { feature_bits: bits } = card.quantisation as { feature_bits: number };
  if ('scaled' in encoding) {
    return encoding.scaled.map(({ offset, scale }) => {
      const half = 2 ** bits / scale;
      return Number.isFinite(half) ? [offset - half, offset + half] : undefined;
    });
  }
  if ('predicates' in encoding) {
    const { features, thresholds } = encoding.predicates;
    return Array.from({ length: columns }, (_, feature) => {
      const own = thresholds.flatMap((value, at) => (features[at] === feature ? (value ?? []) : []));
      return own.length > 1 ? [Math.min(...own), Math.max(...own)] : undefined;
    });
  }
  const { features, largest } = 'levels' in encoding ? encoding.levels : encoding.hidden_layer;
  return features.map(({ offset, scale }, at) => {
    const width = (largest[at] ?? 0) / scale;
    return width > 0 && Number.isFinite(width) ? [offset, offset + width] : undefined;
  });
}

/** Whether a model gives a value, not a class. */
export const isRegression = ({ task }: ModelCard): boolean =>
  'regression' in task || ('computed' in task && task.computed.label === null);

/** The classes of a classifier, if its card has them. */
export function classesOf({ task }: ModelCard): (string | number)[] | undefined {
  if ('computed' in task) return task.computed.classes ? Object.values(task.computed.classes).flat() : undefined;
  return 'classification' in task ? Object.values(task.classification.classes).flat() : undefined;
}
