// Lengths of time in words, as generation/spans.py says them: never more exact than they are.

export function span(low, high, words) {
  const [first, last] = [rounded(low), rounded(high)];
  if (first === last) return words.about.replace("%(time)s", worded(last, words));
  return words.range.replace("%(low)s", worded(first, words)).replace("%(high)s", worded(last, words));
}

function rounded(seconds) {
  const step = seconds < 120 ? 10 : seconds < 7200 ? 60 : 1800;
  return Math.max(step, Math.round(seconds / step) * step);
}

function worded(seconds, words) {
  if (seconds < 120) return words.seconds.replace("%(count)s", seconds);
  if (seconds < 7200) return words.minutes.replace("%(count)s", Math.round(seconds / 60));
  return words.hours.replace("%(count)s", seconds / 3600);
}
