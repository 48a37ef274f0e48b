/* SPDX-License-Identifier: MIT */
/*
 * The events that match an expression. For every site the expression becomes a function of the row,
 * or just yes or no if the site decides. Each different text is tested only once.
 */

const SITE_SUBJECTS = ["target", "probe", "msg", "file", "func"];
const THREAD_SUBJECTS = ["pid", "tid", "comm"];
const SUBJECTS = ["level", "ts", "line", ...SITE_SUBJECTS, ...THREAD_SUBJECTS];
const ORDERS = {
	"=": (order) => order === 0, "!=": (order) => order !== 0, "<": (order) => order < 0,
	"<=": (order) => order <= 0, ">": (order) => order > 0, ">=": (order) => order >= 0,
};

/* ---- The parts of a term ---- */

function isOrder(op) {
	return op[0] === "<" || op[0] === ">";
}

/* By character, as in UTF-8; UTF-16 has a slightly different order. */
function textOrder(a, b) {
	const x = [...a], y = [...b];
	const at = x.findIndex((char, i) => char !== y[i]);

	if (at < 0)
		return x.length - y.length;
	return at < y.length ? x[at].codePointAt(0) - y[at].codePointAt(0) : 1;
}

function textTestOf(term) {
	const isRegex = term.op === "~" || term.op === "!~";

	if (term.ordersText)
		return (text) => ORDERS[term.op](textOrder(text, term.value));
	if (isOrder(term.op) || term.op === "has")
		return () => false;
	try {
		const test = isRegex ? regexTest(term.value) : globTest(term.value);

		return term.op[0] === "!" ? (text) => !test(text) : test;
	} catch (error) {
		throw new FilterError("this is no regular expression: " +
			error.message.replace(/^.*: /, ""), term.valueAt, term.valueLength);
	}
}

function prepareLevel(term) {
	term.level = LEVELS.indexOf(term.value.toUpperCase());
	if (!ORDERS[term.op])
		throw new FilterError("a level is compared with = != < <= > >=", term.opAt,
			term.opLength);
	if (term.level < 0)
		throw new FilterError("'" + term.value + "' is no level; levels are " +
			LEVELS.join(", "), term.valueAt, term.valueLength);
}

function prepareTime(term, last) {
	const time = parseTime(term.value, last);

	if (!ORDERS[term.op])
		throw new FilterError("a time is compared with = != < <= > >=", term.opAt,
			term.opLength);
	if (time === null)
		throw new FilterError("'" + term.value + "' is no time; times are " + TIME_FORMS,
			term.valueAt, term.valueLength);
	term.time = time;
}

function meansDuration(term) {
	return term.key === "duration" || term.key === "took";
}

function prepareNumber(term) {
	const isId = ["pid", "tid", "line"].includes(term.subject);
	const isSlip = meansDuration(term) || /^[+-]?\d[\d.]* *[a-z\d]*$/i.test(term.value);

	term.number = parseNumber(term.value);
	if (!term.number && term.subject === "field")
		term.number = parseDuration(term.value, term.key);
	term.ordersText = !term.number && !isId && isOrder(term.op) && !isSlip;
	if (!term.number && !term.ordersText && (isId || isOrder(term.op)))
		throw new FilterError("'" + term.value + "' is no number" +
			(isId ? "" : ", and no duration (ns us ms s m h d)"), term.valueAt,
			term.valueLength);
}

function prepareTerm(term, last) {
	const isRegex = term.op === "~" || term.op === "!~";
	const isName = SITE_SUBJECTS.includes(term.key) || term.key === "comm";

	term.subject = SUBJECTS.includes(term.key) ? term.key : "field";
	if (term.subject === "field" && /^fields\../.test(term.key))
		term.key = term.key.slice(7);
	term.number = null;
	term.ordersText = isName && isOrder(term.op);
	if (term.op === "has")
		return;
	if (term.subject === "level")
		return prepareLevel(term);
	if (term.subject === "ts")
		return prepareTime(term, last);
	if (!isRegex && !term.ordersText)
		prepareNumber(term);
	term.test = textTestOf(term);
}

function prepare(node, last) {
	if (node.kind === "term")
		prepareTerm(node, last);
	else if (node.kind === "word")
		node.text = node.text.toLowerCase();
	else
		node.of.forEach((child) => prepare(child, last));
}

/* ---- Functions of a row ---- */

class Compiler {
	constructor(events) {
		this.events = events;
		this.memos = new Map(); /* by term: the result for each text, plus 1 */
	}

	/* A test of texts, by the numbers of texts; it remembers results. */
	remembered(node, test) {
		const texts = this.events.texts;
		const known = this.memos.get(node) || new Uint8Array(texts.length);

		this.memos.set(node, known);
		return (number) => {
			if (!known[number])
				known[number] = test(texts[number]) ? 2 : 1;
			return known[number] === 2;
		};
	}

	textField(term, field) {
		const { words, first } = this.events;
		const test = this.remembered(term, term.test);

		return (row) => test(words[2 * (first[row] + field.slot)]);
	}

	realField(term, field) {
		const { reals, first } = this.events;
		const holds = ORDERS[term.op], number = term.number;
		const nan = term.test("NaN");
		const nearest = field.type === TYPE.F32 ? Math.fround(number.real) : number.real;

		return (row) => {
			const value = reals[first[row] + field.slot];

			return Number.isNaN(value) ? nan
				: holds(number.orderOfNearest(value, nearest));
		};
	}

	nanField(term, field) {
		const { reals, first } = this.events;
		const wanted = { "=": true, "!=": false }[term.op];

		return (row) => Number.isNaN(reals[first[row] + field.slot]) === wanted;
	}

	intField(term, field) {
		const events = this.events, { first } = events;
		const holds = ORDERS[term.op], number = term.number;
		const signed = isSigned(field.type);

		return (row) => {
			const slot = first[row] + field.slot;
			const value = events.number(slot, signed);

			return holds(Number.isSafeInteger(value) ? number.orderOfSafe(value)
				: number.orderOfDecimal(events.big(slot, signed), 0));
		};
	}

	decimalField(term, field) {
		const events = this.events, { first, words } = events;
		const holds = ORDERS[term.op], number = term.number;

		return (row) => {
			const slot = first[row] + field.slot;
			const units = events.number(slot, true), scale = words[2 * slot + 2];
			/* one division of two exact numbers: if the results differ, the numbers
			 * do */
			const near = Number.isSafeInteger(units) && scale < 23
				? number.orderOfReal(units / 10 ** scale) : 0;

			return holds(near || number.orderOfDecimal(events.big(slot, true), scale));
		};
	}

	valueField(term, index, field) {
		const events = this.events;
		const isNumber = term.number && !term.number.isNan && ORDERS[term.op];

		if (term.ordersText && field.type !== TYPE.STR && field.type !== TYPE.CHAR)
			return () => false;
		if (isText(field.type))
			return this.textField(term, field);
		if (term.number && term.number.isNan && isReal(field.type))
			return this.nanField(term, field);
		if (!isNumber || field.type === TYPE.CHAR)
			return (row) => term.test(events.valueText(row, index));
		if (isReal(field.type))
			return this.realField(term, field);
		if (field.type === TYPE.DECIMAL)
			return this.decimalField(term, field);
		return this.intField(term, field);
	}

	field(term, index, field) {
		const nulls = this.events.nulls;
		const ofNull = term.op !== "has" && !term.ordersText && term.test("null");
		const test = term.op === "has" ? true : this.valueField(term, index, field);

		if (test === true)
			return true;
		return (row) => nulls[row] >> index & 1 ? ofNull : test(row);
	}

	isKey(term, site, field) {
		return field.key === term.key || (site.kind === KIND.SPAN_END &&
			field === site.fields[0] && meansDuration(term));
	}

	fieldTerm(term, site) {
		const tests = [];

		site.fields.forEach((field, index) => {
			if (this.isKey(term, site, field))
				tests.push(this.field(term, index, field));
		});
		return this.any(tests);
	}

	timeTerm(term) {
		const events = this.events, { time } = events;
		const holds = ORDERS[term.op];
		const limit = Number(term.time - events.base);

		if (!events.isShort()) {
			return (row) => {
				const at = events.realTime(row);

				return holds(at < term.time ? -1 : at > term.time ? 1 : 0);
			};
		}
		return (row) => holds(time[row] < limit ? -1 : time[row] > limit ? 1 : 0);
	}

	idTest(term, value) {
		if (!term.number || !ORDERS[term.op])
			return term.test(String(value));
		if (term.number.isNan)
			return term.op === "!=";
		return ORDERS[term.op](term.number.orderOfSafe(value));
	}

	threadTest(term, thread) {
		return term.key === "comm" ? term.test(thread.comm)
			: this.idTest(term, thread[term.key]);
	}

	threadTerm(term) {
		const verdicts = this.events.threads.map((thread) => this.threadTest(term, thread));
		const threads = this.events.thread;

		return (row) => verdicts[threads[row]];
	}

	term(term, site) {
		if (term.subject === "field")
			return this.fieldTerm(term, site);
		if (term.op === "has")
			return true;
		if (term.subject === "level")
			return ORDERS[term.op](site.level - term.level);
		if (term.subject === "ts")
			return this.timeTerm(term);
		if (term.subject === "line")
			return this.idTest(term, site.line);
		if (THREAD_SUBJECTS.includes(term.subject))
			return this.threadTerm(term);
		return term.test(site[term.subject]);
	}

	word(node, site) {
		const events = this.events, { words, first, nulls } = events;
		const has = (text) => text.toLowerCase().includes(node.text);
		const test = this.remembered(node, has);

		if (has(site.msg) || has(site.probe))
			return true;
		return this.any(site.fields.map((field, index) => isText(field.type)
			? (row) => !(nulls[row] >> index & 1) &&
				test(words[2 * (first[row] + field.slot)])
			: (row) => has(events.valueText(row, index))));
	}

	any(tests) {
		const open = tests.filter((test) => test !== false);

		if (open.includes(true))
			return true;
		if (open.length < 2)
			return open.length ? open[0] : false;
		return (row) => open.some((test) => test(row));
	}

	all(tests) {
		const open = tests.filter((test) => test !== true);

		if (open.includes(false))
			return false;
		if (open.length < 2)
			return open.length ? open[0] : true;
		return (row) => open.every((test) => test(row));
	}

	/* Returns true, false, or a function of a row of that site. */
	node(node, site) {
		if (node.kind === "term")
			return this.term(node, site);
		if (node.kind === "word")
			return this.word(node, site);

		const tests = node.of.map((child) => this.node(child, site));

		if (node.kind === "and")
			return this.all(tests);
		if (node.kind === "or")
			return this.any(tests);
		return typeof tests[0] === "boolean" ? !tests[0] : (row) => !tests[0](row);
	}
}

/* The rows that pass, in the order of time. Throws a FilterError. */
function filterEvents(events, source, last) {
	const rows = new Uint32Array(events.count);
	const tree = parseFilter(source);
	let count = 0;

	if (tree)
		prepare(tree, last);

	const compiler = new Compiler(events);
	const tests = events.sites.map((site) => !tree || compiler.node(tree, site));

	for (let row = 0; row < events.count; row++) {
		const test = tests[events.site[row]];

		if (test === true || (test !== false && test(row)))
			rows[count++] = row;
	}
	return rows.subarray(0, count);
}
