// Where a sequence stands in a piece of text, and how likely it is to stand anywhere.

/** The beginnings of all hits in `text`, overlapping ones too. */
export function hits(text, sequence) {
  const found = [];
  for (let at = text.indexOf(sequence); at >= 0; at = text.indexOf(sequence, at + 1)) found.push(at);
  return found;
}

/** The probability that `length` given digits stand somewhere among `n` random ones. */
export const odds = (length, n) => -Math.expm1(-Math.max(0, n - length + 1) / 10 ** length);
