/* SPDX-License-Identifier: MIT */
/*
 * Globs and regular expressions, as functions of a text. In the page, syntax of PCRE2 that
 * JavaScript lacks, such as (?i) and x++, is an error.
 */

/* The end of a bracket expression that begins at `at`, or 0. */
function bracketEnd(text, at) {
	let end = at + 1;

	if (text[end] === "^" || text[end] === "!")
		end++;
	if (text[end] === "]")
		end++;
	for (; end < text.length && text[end] !== "]"; end++) {
		const taken = /^(\[:.*?:\]|\\[^])/.exec(text.slice(end));

		if (taken)
			end += taken[0].length - 1;
	}
	return end < text.length ? end + 1 : 0;
}

/* Not the minus: with the flag u, an escaped minus outside of brackets is an error. */
function quoteRegex(text) {
	return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/* ---- Globs ---- */

function quoteInBracket(char) {
	return char === "-" ? "\\-" : quoteRegex(char);
}

function globBracket(inside) {
	const negate = inside[0] === "!" || inside[0] === "^";
	const parts = (negate ? inside.slice(1) : inside).match(/[^]-[^]|[^]/gu) || [];
	const ranges = [];

	for (const part of parts) {
		const chars = Array.from(part);

		if (chars.length < 3)
			ranges.push(quoteInBracket(part));
		else if (chars[0] <= chars[2])
			ranges.push(quoteInBracket(chars[0]) + "-" + quoteInBracket(chars[2]));
	}
	return (negate ? "[^" : "[") + ranges.join("") + "]";
}

/* A bracket at the start of a bracket expression means itself. */
function globBracketEnd(text, at) {
	const first = text[at + 1] === "!" || text[at + 1] === "^" ? at + 2 : at + 1;
	const end = text.indexOf("]", first + 1);

	return end < 0 ? 0 : end + 1;
}

function globRegex(text) {
	let regex = "";

	for (let i = 0; i < text.length; i++) {
		const end = text[i] === "[" ? globBracketEnd(text, i) : 0;

		if (text[i] === "*")
			regex += regex.endsWith("[^]*") ? "" : "[^]*";
		else if (text[i] === "?")
			regex += "[^]";
		else if (text[i] === "\\" && i + 1 < text.length)
			regex += quoteRegex(text[++i]);
		else if (end) {
			regex += globBracket(text.slice(i + 1, end - 1));
			i = end - 1;
		} else
			regex += quoteRegex(text[i]);
	}
	return regex;
}

function globTest(text) {
	if (!/[*?[\\]/.test(text))
		return (value) => value === text;

	const regex = new RegExp("^" + globRegex(text) + "$", "su");

	return (value) => regex.test(value);
}

/* ---- Regular expressions ---- */

const CLASSES = {
	alpha: "a-zA-Z", digit: "0-9", alnum: "a-zA-Z0-9", upper: "A-Z", lower: "a-z",
	space: " \\t\\n\\r\\f\\v", blank: " \\t", punct: "!-\\/:-@\\[-`{-~", print: " -~",
	graph: "!-~", cntrl: "\\x00-\\x1f\\x7f", xdigit: "0-9A-Fa-f",
};

/* A bracket at the start of a bracket expression means itself; so does one that begins no class. */
function regexBracket(inside) {
	const negate = inside[0] === "^";
	const regex = inside.slice(negate ? 1 : 0)
		.replace(/\[:(\w+):\]|\\[^]|[[\]]/g, (found, name) => name && CLASSES[name] ||
			(found.length > 1 ? found : "\\" + found));

	return (negate ? "[^" : "[") + regex + "]";
}

/* Translates to the syntax of JavaScript. */
function translateRegex(text) {
	let regex = "";

	for (let i = 0; i < text.length; i++) {
		const end = text[i] === "[" ? bracketEnd(text, i) : 0;

		if (end) {
			regex += regexBracket(text.slice(i + 1, end - 1));
			i = end - 1;
		} else if (text[i] === "\\" && i + 1 < text.length)
			regex += "\\" + text[++i];
		else
			regex += text[i];
	}
	return regex;
}

/* Throws a SyntaxError if it is not a regular expression. */
function regexTest(text) {
	const regex = new RegExp(translateRegex(text), "s");

	return (value) => regex.test(value);
}
