/* SPDX-License-Identifier: MIT */
/*
 * A number as it was written: coefficient * 10^exponent. It is compared exactly with integers and
 * decimals of 64 bits; with real numbers, the nearest one is compared: src/common/value/number.h.
 */

const MAX_DIGITS = 320;
const MAX_EXPONENT = 100000;

class ExactNumber {
	constructor(coefficient, exponent) {
		this.coefficient = coefficient;
		this.exponent = exponent;
		this.isNan = false;
		this.real = Number(coefficient + "e" + exponent);
		this.rest = this.exactRest();
	}

	static special(real) {
		const number = new ExactNumber(0n, 0);

		number.isNan = Number.isNaN(real);
		number.real = real;
		number.rest = 0;
		return number;
	}

	/* Whether it is more (1) or less (-1) than the nearest double. Only for doubles that are
	 * safe integers: no other number is equal to these. */
	exactRest() {
		if (!Number.isSafeInteger(this.real))
			return 0;
		return -this.orderOfDecimal(BigInt(this.real), 0);
	}

	/* -1, 0, 1: the value is less, equal, more. */
	orderOfReal(value) {
		return value < this.real ? -1 : value > this.real ? 1 : 0;
	}

	/* `nearest`: the nearest number of the value's type. If that is infinite or zero, the
	 * number itself may be neither. */
	orderOfNearest(value, nearest) {
		if (!Number.isFinite(value) && this.coefficient !== 0n)
			return value < 0 ? -1 : 1;
		if (value === 0 && this.coefficient !== 0n)
			return this.coefficient < 0n ? 1 : -1;
		return value === nearest ? 0 : value < this.real ? -1 : 1;
	}

	orderOfSafe(value) {
		return value < this.real ? -1 : value > this.real ? 1 : -this.rest;
	}

	orderOfDecimal(units, scale) {
		if (!Number.isFinite(this.real) && this.coefficient === 0n)
			return this.real > 0 ? -1 : 1;

		const shift = this.exponent + scale;
		const left = shift < 0 ? units * 10n ** BigInt(-shift) : units;
		const right = shift > 0 ? this.coefficient * 10n ** BigInt(shift)
			: this.coefficient;

		return left < right ? -1 : left > right ? 1 : 0;
	}
}

/* Decimal with fraction and exponent, 0x hexadecimal, NaN, Infinity. null: not a number. */
function parseNumber(text) {
	const special = /^([+-]?)(nan|inf|infinity)$/i.exec(text);

	if (special)
		return ExactNumber.special(/n$/i.test(special[2]) ? NaN
			: special[1] === "-" ? -Infinity : Infinity);

	const hex = /^([+-]?)(0x[0-9a-f]{1,16})$/i.exec(text);

	if (hex)
		return new ExactNumber(BigInt(hex[2]) * (hex[1] === "-" ? -1n : 1n), 0);

	const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text);
	const digits = parts && (parts[2] + (parts[3] || ""));
	const exponent = parts && Number(parts[4] || 0);

	if (!digits || digits.length > MAX_DIGITS || Math.abs(exponent) > MAX_EXPONENT)
		return null;
	return new ExactNumber(BigInt(digits) * (parts[1] === "-" ? -1n : 1n),
		exponent - (parts[3] || "").length);
}

/* ---- Durations ---- */

const UNITS = { ns: [1n, -9], us: [1n, -6], ms: [1n, -3], s: [1n, 0], m: [60n, 0], h: [3600n, 0],
	d: [86400n, 0] };

/* A duration, in the unit at the end of the key, else in ns. */
function parseDuration(text, key) {
	const parts = /^([+-]?)(\d*)(?:\.(\d*))? *(ns|us|ms|s|m|h|d)$/.exec(text);
	const unit = /._(ns|us|ms|s)$/.exec(key);
	const digits = parts && (parts[2] + (parts[3] || ""));

	if (!digits || digits.length > 64)
		return null;

	const [times, exponent] = UNITS[parts[4]];
	const into = UNITS[unit ? unit[1] : "ns"][1];

	return new ExactNumber(BigInt(digits) * times * (parts[1] === "-" ? -1n : 1n),
		exponent - into - (parts[3] || "").length);
}
