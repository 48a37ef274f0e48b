/* SPDX-License-Identifier: MIT */
"use strict";

/*
 * Values as text, the same as ttlog-view prints. Text of a snapshot reaches the page only through
 * plain() and textContent, so that it can't be markup, hide anything or change direction.
 */

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const LEVEL_WARN = 3;
const LEVEL_ERROR = 4;

const UNSAFE = new RegExp(
	"[\\x00-\\x1f\\x7f-\\x9f\\xad\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff" +
		"\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}]", "gu");
const SHORT_ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeChar(char) {
	const code = char.codePointAt(0);

	if (SHORT_ESCAPES[char])
		return SHORT_ESCAPES[char];
	return code < 0x80 ? "\\x" + code.toString(16).padStart(2, "0")
		: "\\u" + code.toString(16).padStart(4, "0");
}

function plain(text) {
	return String(text).replace(UNSAFE, escapeChar);
}

/* 1,234,567 */
function grouped(number) {
	return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

function counted(number, one, many) {
	return grouped(number) + " " + (number === 1 ? one : many || one + "s");
}

/* ---- Real numbers, as in Python's repr ---- */

function layOut(negative, digits, point) {
	const sign = negative ? "-" : "";

	if (point > 16 || point <= -4) {
		const exponent = point - 1;
		const shown = String(Math.abs(exponent)).padStart(2, "0");

		return sign + digits[0] + (digits.length > 1 ? "." + digits.slice(1) : "") + "e" +
			(exponent < 0 ? "-" : "+") + shown;
	}
	if (point <= 0)
		return sign + "0." + "0".repeat(-point) + digits;
	if (digits.length <= point)
		return sign + digits + "0".repeat(point - digits.length) + ".0";
	return sign + digits.slice(0, point) + "." + digits.slice(point);
}

/* The fewest digits that give the same float when read back. */
function shortest(value, isFloat) {
	if (!isFloat)
		return value.toExponential();
	for (let precision = 0; precision < 9; precision++) {
		const text = value.toExponential(precision);

		if (Math.fround(Number(text)) === value)
			return text;
	}
	return value.toExponential();
}

function realText(value, isFloat) {
	if (!Number.isFinite(value))
		return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
	if (value === 0)
		return Object.is(value, -0) ? "-0.0" : "0.0";

	const [mantissa, exponent] = shortest(Math.abs(value), isFloat).split("e");
	const digits = mantissa.replace(".", "").replace(/(?!^)0+$/, "");

	return layOut(value < 0, digits, Number(exponent) + 1);
}

function decimalText(units, scale) {
	const negative = units < 0n;
	const digits = String(negative ? -units : units).padStart(scale + 1, "0");
	const whole = digits.slice(0, digits.length - scale);

	return (negative ? "-" : "") + whole + (scale ? "." + digits.slice(-scale) : "");
}

/* ---- Times ---- */

/* 1.234ms: about four digits. */
function durationText(ns) {
	const sign = ns < 0 ? "-" : "";
	const units = [["ns", 1], ["us", 1e3], ["ms", 1e6], ["s", 1e9]];
	const size = Math.abs(ns);
	let at = 0;

	while (at < 3 && size >= units[at + 1][1])
		at++;
	if (size >= 120e9) {
		const [length, name] = size < 7200e9 ? [60e9, "min"]
			: size < 172800e9 ? [3600e9, "h"] : [86400e9, "d"];

		return sign + (size / length).toFixed(1) + name;
	}

	const value = size / units[at][1];
	const text = at ? value.toPrecision(4) : String(Math.round(value));

	return sign + text.replace(/\.?0+$/, (zeros) => zeros.includes(".") ? "" : zeros) +
		units[at][0];
}

/* 2026-11-21T06:00:00.123456789Z from a BigInt of ns since 1970. */
function timeText(ns) {
	const date = new Date(Number(ns / 1000000n));

	return date.toISOString().slice(0, 20) + String(ns % 1000000000n).padStart(9, "0") + "Z";
}

/* 06:00:00.123456789 */
function clockText(ns) {
	return timeText(ns).slice(-19, -1);
}
