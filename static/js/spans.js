// Lengths of time in words, as generation/spans.py says them: never more exact than they are.

const LENGTH = { seconds: 1, minutes: 60, hours: 3600 };

export function span(low, high, words) {
  const [first, last] = [rounded(low), rounded(high)];
  if (first === last) return words.about.replace("%(time)s", worded(last, words));
  return words.range.replace("%(low)s", beginning(first, unit(last), words)).replace("%(high)s", worded(last, words));
}

// In the unit that its range ends in, where it comes to half of one: never later than it is.
function beginning(seconds, ending, words) {
  if (unit(seconds) === ending) return inUnit(seconds);
  return Math.floor((seconds * 2) / LENGTH[ending]) / 2 || worded(seconds, words);
}

function rounded(seconds) {
  const step = seconds < 120 ? 10 : seconds < 7200 ? 60 : 1800;
  return Math.max(step, Math.round(seconds / step) * step);
}

function unit(seconds) {
  return seconds < 120 ? "seconds" : seconds < 7200 ? "minutes" : "hours";
}

function inUnit(seconds) {
  return seconds / LENGTH[unit(seconds)];
}

function worded(seconds, words) {
  return words[unit(seconds)].replace("%(count)s", inUnit(seconds));
}
