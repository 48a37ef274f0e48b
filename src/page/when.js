/* SPDX-License-Identifier: MIT */
/*
 * Parses times to a BigInt of ns since 1970, as in src/common/value/time_expr.h. Some are relative
 * to the last event.
 */

const SECOND = 1000000000n;
const DAY = 86400n * SECOND;
const TIME_FORMS = "2026-11-21T06:00:00.5Z, 2026-11-21, 06:00[:00], @1795240800 or -10s";
const SPAN_UNITS = { ns: 1n, us: 1000n, ms: 1000000n, s: SECOND, "": SECOND, m: 60n * SECOND,
	h: 3600n * SECOND, d: DAY };

function fractionOf(digits) {
	return BigInt((digits || "").padEnd(9, "0").slice(0, 9));
}

/* HH:MM[:SS[.f]] as ns, or null. */
function parseClock(text) {
	const parts = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?$/.exec(text);

	if (!parts || parts[1] > "23" || parts[2] > "59" || (parts[3] || "") > "60")
		return null;
	return BigInt(Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3] || 0)) *
		SECOND + fractionOf(parts[4]);
}

function parseZone(text) {
	const parts = /^([+-])(\d\d):?(\d\d)?$/.exec(text);

	if (text === "" || text === "Z" || text === "z")
		return 0n;
	if (!parts || parts[2] > "23" || (parts[3] || "") > "59")
		return null;
	return BigInt((parts[2] * 60 + Number(parts[3] || 0)) * 60) * SECOND * (parts[1] === "-" ? -1n
		: 1n);
}

function parseDate(text) {
	const date = new Date(text + "T00:00:00Z");

	if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text ||
	    text < "1970" || text >= "2554")
		return null;
	return BigInt(date.getTime()) * 1000000n;
}

const ABSOLUTE = new RegExp("^(\\d{4}-\\d\\d-\\d\\d)" +
	"(?:[Tt ](\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?))?([Zz]|[+-]\\d\\d(?::?\\d\\d)?)?$");

function parseAbsolute(text) {
	const parts = ABSOLUTE.exec(text);
	const date = parts && parseDate(parts[1]);
	const clock = parts && (parts[2] ? parseClock(parts[2]) : 0n);
	const zone = parts && parseZone(parts[3] || "");

	if (!parts || date === null || clock === null || zone === null || date + clock < zone)
		return null;
	return date + clock - zone;
}

/* null: it is not a time. `last`: the time of the last event. */
function parseTime(text, last) {
	const epoch = /^@(\d{1,10})(?:\.(\d+))?$/.exec(text);
	const before = /^-(\d{1,18})(?:\.(\d+))?(ns|us|ms|s|m|h|d|)$/.exec(text);

	if (epoch)
		return BigInt(epoch[1]) * SECOND + fractionOf(epoch[2]);
	if (before) {
		const unit = SPAN_UNITS[before[3]];
		const span = BigInt(before[1]) * unit + fractionOf(before[2]) * unit / SECOND;

		return last > span ? last - span : 0n;
	}
	if (text[2] === ":") {
		const clock = parseClock(text.replace(/Z$/, ""));

		return clock === null ? null : last / DAY * DAY + clock;
	}
	return parseAbsolute(text);
}
