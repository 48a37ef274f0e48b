/* SPDX-License-Identifier: MIT */
/*
 * All events of the page, by column. A value takes a slot of 64 bits, as in the program: an
 * integer, the bits of a double, or the number of a text. A decimal has its scale in the next slot.
 */

const TYPE = {
	BOOL: 1, CHAR: 2, I8: 3, U8: 4, I16: 5, U16: 6, I32: 7, U32: 8, I64: 9, U64: 10, F32: 11,
	F64: 12, PTR: 13, STR: 14, BYTES: 15, HEX: 16, DECIMAL: 17,
};
const TYPE_NAMES = ["", "bool", "char", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32",
	"f64", "pointer", "string", "bytes", "hex", "decimal"];
const KIND = { PLAIN: 0, SPAN: 1, SPAN_END: 2 };
const TWO_32 = 4294967296;

function isSigned(type) {
	return type === TYPE.I8 || type === TYPE.I16 || type === TYPE.I32 || type === TYPE.I64;
}

function isReal(type) {
	return type === TYPE.F32 || type === TYPE.F64;
}

function isText(type) {
	return type === TYPE.STR || type === TYPE.BYTES;
}

class Events {
	constructor(count, slots) {
		this.capacity = count;
		this.count = 0;
		this.base = 0n;                         /* ns since 1970 of the first event */
		this.time = new Float64Array(count);    /* ns since base; not exact beyond 2^53: */
		this.timeLow = new Uint32Array(count);  /* its lower 32 bits, which are exact */
		this.site = new Uint32Array(count);
		this.thread = new Uint32Array(count);
		this.nulls = new Uint16Array(count);    /* one bit per field */
		this.first = new Uint32Array(count);    /* its first slot */
		this.reals = new Float64Array(slots);
		this.words = new Uint32Array(this.reals.buffer); /* the same: low, high */
		this.sites = [];
		this.threads = [];
		this.texts = [];
	}

	siteOf(row) {
		return this.sites[this.site[row]];
	}

	threadOf(row) {
		return this.threads[this.thread[row]];
	}

	isNull(row, index) {
		return (this.nulls[row] >> index & 1) !== 0;
	}

	slot(row, field) {
		return this.first[row] + field.slot;
	}

	/* An integer; not exact beyond 2^53, where big() is. */
	number(slot, signed) {
		const high = this.words[2 * slot + 1];

		return (signed ? high | 0 : high) * TWO_32 + this.words[2 * slot];
	}

	big(slot, signed) {
		const bits = BigInt(this.words[2 * slot + 1]) << 32n | BigInt(this.words[2 * slot]);

		return signed ? BigInt.asIntN(64, bits) : bits;
	}

	intText(slot, signed) {
		const number = this.number(slot, signed);

		return String(Number.isSafeInteger(number) ? number : this.big(slot, signed));
	}

	/* A value for filters: unchanged, without the mark of a cut text. */
	valueText(row, index) {
		const field = this.siteOf(row).fields[index];
		const slot = this.slot(row, field);

		if (this.isNull(row, index))
			return "null";
		switch (field.type) {
		case TYPE.BOOL:
			return this.words[2 * slot] ? "true" : "false";
		case TYPE.CHAR:
			return this.words[2 * slot] < 128
				? String.fromCharCode(this.words[2 * slot])
				: "\ufffd";
		case TYPE.F32:
		case TYPE.F64:
			return realText(this.reals[slot], field.type === TYPE.F32);
		case TYPE.PTR:
		case TYPE.HEX:
			return "0x" + this.big(slot, false).toString(16);
		case TYPE.STR:
		case TYPE.BYTES:
			return this.texts[this.words[2 * slot]];
		case TYPE.DECIMAL:
			return decimalText(this.big(slot, true), this.words[2 * slot + 2]);
		default:
			return this.intText(slot, isSigned(field.type));
		}
	}

	isCut(row, index) {
		const field = this.siteOf(row).fields[index];

		return isText(field.type) && !this.isNull(row, index) &&
			this.words[2 * this.slot(row, field) + 1] !== 0;
	}

	/* A value as it is shown. */
	shownValue(row, index) {
		const site = this.siteOf(row);
		const field = site.fields[index];
		const text = plain(this.valueText(row, index)) +
			(this.isCut(row, index) ? "\u2026" : "");

		if (this.isNull(row, index))
			return "null";
		if (site.kind === KIND.SPAN_END && index === 0)
			return durationText(this.number(this.slot(row, field), false));
		if (field.type === TYPE.STR && !/^[^\s"'=]+$/.test(text))
			return "\"" + text + "\"";
		return text;
	}

	message(row) {
		const site = this.siteOf(row);
		const text = plain(site.msg || site.probe);

		return text + (site.kind === KIND.SPAN ? " begin" : site.kind === KIND.SPAN_END
			? " end" : "");
	}

	realTime(row) {
		const near = BigInt(this.time[row]);
		const off = this.timeLow[row] - Number(BigInt.asUintN(32, near)) | 0;

		return BigInt.asUintN(64, this.base + near + BigInt(off));
	}

	/* Whether all times are exact in `time`. */
	isShort() {
		return !this.count || Number.isSafeInteger(this.time[this.count - 1]);
	}

	/* Whether the events are of more than one day. */
	hasDays() {
		const day = (row) => this.realTime(row) / 86400000000000n;

		return this.count > 0 && day(0) !== day(this.count - 1);
	}

	monoTime(row) {
		return BigInt.asUintN(64, this.realTime(row) - this.threadOf(row).shift);
	}

	/* The first of these rows that is not before `time`; rows are in the order of time. */
	lowerBound(rows, time) {
		let low = 0, high = rows.length;

		while (low < high) {
			const middle = low + high >>> 1;

			if (this.time[rows[middle]] < time)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}
}
