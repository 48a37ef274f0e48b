/* SPDX-License-Identifier: MIT */
/*
 * Parses the filter language to a tree. This is a part of the grammar in src/common/query/expr.h,
 * plus words: a word without an operator is searched for.
 */

const MAX_DEPTH = 32;
const OPERATORS = ["!=", "!~", "<=", ">=", "==", "=~", "=", "<", ">", "~"];
const BLANK = /[ \t-\r]/; /* \s has more characters */
const KEY_PATTERN = /[^ \t-\r=!<>~()"']*/y;
const OP_LIST = "= != < <= > >= ~ !~";

/* An error and its place. */
class FilterError extends Error {
	constructor(message, at, length) {
		super(message);
		this.at = at;
		this.length = Math.max(1, length);
	}
}

class Parser {
	constructor(source) {
		this.source = source;
		this.at = 0;
		this.depth = 0;
	}

	wrong(message, length, at = this.at) {
		throw new FilterError(message, at, length);
	}

	skipBlanks(at = this.at) {
		while (BLANK.test(this.source[at] || ""))
			at++;
		return at;
	}

	/* The length of a keyword at this place, or 0. */
	keyword(at, word, sign) {
		const after = this.source[at + word.length];

		if (this.source.startsWith(sign, at))
			return sign.length;
		if (this.source.slice(at, at + word.length).toLowerCase() !== word)
			return 0;
		return after === undefined || /[ \t-\r()!"']/.test(after) ? word.length : 0;
	}

	andAt(at = this.at) {
		return this.keyword(at, "and", "&&");
	}

	orAt(at = this.at) {
		return this.keyword(at, "or", "||");
	}

	operatorAt(at) {
		return OPERATORS.find((text) => this.source.startsWith(text, at)) || "";
	}

	/* in `not = 5`, not is a field; != and !~ are operators. */
	notAt() {
		const next = this.source[this.at + 1];

		if (this.source[this.at] === "!")
			return next !== "=" && next !== "~" ? 1 : 0;

		const length = this.keyword(this.at, "not", "!");

		return length && !this.operatorAt(this.skipBlanks(this.at + length)) ? length : 0;
	}

	isHas(at = this.at) {
		return /^has[ \t-\r]*\(/i.test(this.source.slice(at, at + 64));
	}

	looksLikeTerm(at) {
		const word = /^[A-Za-z_][\w.]*/.exec(this.source.slice(at, at + 256));

		return word && (this.isHas(at) ||
			this.operatorAt(this.skipBlanks(at + word[0].length)));
	}

	quoted() {
		const quote = this.source[this.at];
		let text = "", at = this.at + 1;

		for (; at < this.source.length && this.source[at] !== quote; at++) {
			if (this.source[at] === "\\" && at + 1 < this.source.length)
				text += this.source[++at] === quote ? quote
					: "\\" + this.source[at];
			else
				text += this.source[at];
		}
		if (at >= this.source.length)
			this.wrong("this quote is not closed", 1);
		this.at = at + 1;
		return text;
	}

	isQuote(at = this.at) {
		return this.source[at] === "\"" || this.source[at] === "'";
	}

	key() {
		if (this.isQuote())
			return this.quoted();
		KEY_PATTERN.lastIndex = this.at;

		const key = KEY_PATTERN.exec(this.source)[0];

		if (!key && this.source[this.at] === ")")
			this.wrong("there is no term before this parenthesis", 1);
		if (!key && this.at >= this.source.length)
			this.wrong("something is missing here: KEY=VALUE, or a word", 1);
		if (!key)
			this.wrong("there is no key before the operator", 1);
		this.at += key.length;
		return key;
	}

	/* The place after [...] in a value; in a glob it has no blanks. */
	skipBracket(at, isRegex) {
		const end = bracketEnd(this.source, at);

		return end && (isRegex || !BLANK.test(this.source.slice(at, end))) ? end : at + 1;
	}

	missingAnd(at) {
		const word = /^[\w.]*/.exec(this.source.slice(at))[0];

		this.wrong("'and' or 'or' is missing before this; if it is part of the value, " +
			"put the value in quotes", word.length, at);
	}

	/* The end of a value without quotes. */
	valueEnd(isRegex) {
		let at = this.at, open = 0, opened = 0;

		while (at < this.source.length) {
			const char = this.source[at];

			if (!open && /^(&&|\|\|)/.test(this.source.slice(at, at + 2)))
				break;
			if (char === "\\" && at + 1 < this.source.length)
				at += 2;
			else if (char === "[")
				at = this.skipBracket(at, isRegex);
			else if (char === "(") {
				opened = open++ ? opened : at;
				at++;
			} else if (char === ")") {
				if (!open)
					break;
				open--;
				at++;
			} else if (!open && BLANK.test(char)) {
				const word = this.skipBlanks(at);

				if (this.andAt(word) || this.orAt(word))
					break;
				at = word;
				if (this.looksLikeTerm(at))
					this.missingAnd(at);
			} else
				at++;
		}
		if (open && !isRegex)
			this.wrong("this parenthesis is not closed; if it is part of the value, " +
				"put the value in quotes", 1, opened);
		return at;
	}

	value(op) {
		this.at = this.skipBlanks();
		if (this.isQuote())
			return this.quoted();

		const length = this.andAt() + this.orAt();

		if (length && this.skipBlanks(this.at + length) < this.source.length)
			this.wrong("there is no value before this; a value that begins with it " +
				"needs quotes", length);

		const end = this.valueEnd(op === "~" || op === "!~");
		const value = this.source.slice(this.at, end).replace(/[ \t-\r]+$/, "");

		if (!value)
			this.wrong("there is no value; write \"\" for an empty one", 1);
		this.at = end;
		return value;
	}

	has() {
		const at = this.at;

		this.at = this.skipBlanks(this.source.indexOf("(", this.at) + 1);

		const key = this.key();

		this.at = this.skipBlanks();
		if (this.source[this.at] !== ")")
			this.wrong("has(KEY) is closed here", 1);
		this.at++;
		return { kind: "term", op: "has", key, value: "", keyAt: at,
			keyLength: this.at - at };
	}

	/* KEY OP VALUE, or words to search for. */
	term() {
		const keyAt = this.at;

		if (this.isHas())
			return this.has();

		const isQuoted = this.isQuote();
		const key = this.key();
		const keyLength = this.at - keyAt;
		const opAt = this.skipBlanks();
		const op = this.operatorAt(opAt);

		if (!op && this.source[opAt] === "!")
			this.wrong("'!' is no operator", 1, opAt);
		if (!op)
			return { kind: "word", text: key, isQuoted };
		this.at = opAt + op.length;

		const valueAt = this.skipBlanks();
		const value = this.value(op);

		return { kind: "term", op: op === "==" ? "=" : op === "=~" ? "~" : op, key, value,
			keyAt, keyLength, opAt, opLength: op.length, valueAt,
			valueLength: this.at - valueAt };
	}

	parentheses() {
		const opened = this.at++;
		const node = this.expression();

		this.at = this.skipBlanks();
		if (this.at >= this.source.length)
			this.wrong("this parenthesis is not closed", 1, opened);
		if (this.source[this.at] !== ")")
			this.wrong("'and', 'or' or ) is missing before this", 1);
		this.at++;
		return node;
	}

	factor() {
		this.at = this.skipBlanks();

		const length = this.notAt();

		if (!length && this.source[this.at] !== "(")
			return this.term();
		if (this.depth === MAX_DEPTH)
			this.wrong("too many parentheses and nots are in one another", 1);
		this.depth++;
		this.at += length;

		const node = length ? { kind: "not", of: [this.factor()] } : this.parentheses();

		this.depth--;
		return node;
	}

	/* `and` may be left out between two words to search for. */
	isImplied(nodes) {
		const rest = this.source.slice(this.at);

		return nodes[nodes.length - 1].kind === "word" && rest && rest[0] !== ")" &&
			!this.orAt();
	}

	conjunction() {
		const nodes = [this.factor()];

		for (;;) {
			this.at = this.skipBlanks();

			const length = this.andAt();

			if (!length && !this.isImplied(nodes))
				return nodes.length === 1 ? nodes[0] : { kind: "and", of: nodes };
			this.at += length;
			nodes.push(this.factor());
		}
	}

	expression() {
		const nodes = [this.conjunction()];

		for (;;) {
			this.at = this.skipBlanks();

			const length = this.orAt();

			if (!length)
				return nodes.length === 1 ? nodes[0] : { kind: "or", of: nodes };
			this.at += length;
			nodes.push(this.conjunction());
		}
	}
}

/* Throws a FilterError. null: the source is empty, and all events match. */
function parseFilter(source) {
	const parser = new Parser(source);

	if (parser.skipBlanks() === source.length)
		return null;

	const node = parser.expression();

	if (source[parser.at] === ")")
		parser.wrong("there is no parenthesis that this one closes; if it is part of a " +
			"value, put the value in quotes", 1);
	if (parser.at < source.length)
		parser.wrong("'and' or 'or' is missing before this", 1);
	return node;
}
