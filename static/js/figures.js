// Numbers and sentences in the reader's language.

const language = document.documentElement.lang;
export const number = new Intl.NumberFormat(language);
export const fine = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
export const percent = new Intl.NumberFormat(language, { style: "percent", maximumSignificantDigits: 2 });

export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

// The same with figures that are not worded yet.
export function figure(text, values) {
  const worded = Object.entries(values).map(([name, value]) => [name, typeof value === "number" ? fine.format(value) : value]);
  return fill(text, Object.fromEntries(worded));
}
