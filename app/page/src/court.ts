// Verifying what workers say of anybody's job, and having the chain put it right.

import { fhe, type Standing } from '@fhe-ml/client/chain';
import { ask } from './crypto.ts';
import { attempt, h } from './dom.ts';
import type { Session } from './run.ts';

const SECONDS_PER_BLOCK = 2;

/** Whether an outcome can still be challenged, for people; `now` is the number of the best block. */
export function standingText(standing: Standing, now: number): string {
  switch (standing.state) {
    case 'final':
      return 'final';
    case 'provisional': {
      const minutes = Math.ceil((Math.max(0, standing.finalAt - now) * SECONDS_PER_BLOCK) / 60);
      return `anybody can challenge it for ${minutes} min`;
    }
    case 'court':
      return `in court, step ${standing.steps} of at most ${standing.stepsInAll}`;
  }
}

/** A button that evaluates a completed job again in this browser, and offers to challenge what is wrong. */
export function verifyButton({ chain, account }: Session, job: number): HTMLElement {
  const place = h('span', {});
  const challenge = (part: number) =>
    h(
      'button',
      {
        type: 'button',
        title: `At least ${fhe(chain.challengeBond())} are held from you until the chain has evaluated the job itself`,
        onclick: () =>
          void attempt(async () => {
            place.replaceChildren('challenging …');
            const block = await chain.challenge(job, part, account());
            place.replaceChildren(`challenged in block ${block}: the chain decides`);
          }),
      },
      'Challenge',
    );
  const verify = async () => {
    place.replaceChildren('evaluating again …');
    try {
      const { wrong, milliseconds } = await ask('evaluateAgain', await chain.evidence(job));
      if (wrong === undefined) place.replaceChildren(`right, in ${Math.round(milliseconds)} ms`);
      else place.replaceChildren('WRONG ', challenge(wrong));
    } catch (error) {
      place.replaceChildren('not verified');
      throw error;
    }
  };
  place.append(h('button', { type: 'button', onclick: () => void attempt(verify) }, 'Verify'));
  return place;
}
