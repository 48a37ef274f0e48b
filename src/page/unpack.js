/* SPDX-License-Identifier: MIT */
/*
 * The reader for html_pack.c: from blocks of base64 and deflate to columns. The order of blocks
 * matters: sites and threads are defined where they first occur.
 */

/* Reads a block's bytes from begin to end. After the end there are zeros. */
class Cursor {
	constructor(bytes) {
		this.bytes = bytes;
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.at = 0;
		this.low = 0; /* the result of wide() and signed() */
		this.high = 0;
		this.texts = []; /* the block's texts, by their numbers among all texts */
	}

	isAtEnd() {
		return this.at >= this.bytes.length;
	}

	wide() {
		let low = 0, high = 0, byte;

		for (let shift = 0; ; shift += 7) {
			byte = this.bytes[this.at++];
			if (shift < 28)
				low |= (byte & 127) << shift;
			else if (shift === 28) {
				low |= (byte & 127) << 28;
				high = (byte & 127) >>> 4;
			} else
				high |= (byte & 127) << shift - 32;
			if (!(byte & 128))
				break;
		}
		this.low = low;
		this.high = high;
	}

	signed() {
		this.wide();
		const negative = this.low & 1;

		this.low = this.low >>> 1 | this.high << 31;
		this.high >>>= 1;
		if (negative) {
			this.low = ~this.low;
			this.high = ~this.high;
		}
	}

	number() {
		this.wide();
		return (this.high >>> 0) * TWO_32 + (this.low >>> 0);
	}

	big() {
		this.wide();
		return this.asBig();
	}

	asBig() {
		return BigInt(this.high >>> 0) << 32n | BigInt(this.low >>> 0);
	}

	bytesOf(length) {
		const from = this.at;

		this.at += length;
		return this.bytes.subarray(from, this.at);
	}
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/* Most texts are short and ASCII: for these, calling the decoder would take the most time. */
function decodeText(bytes) {
	if (bytes.length > 64)
		return utf8.decode(bytes);
	for (let i = 0; i < bytes.length; i++) {
		if (bytes[i] > 127)
			return utf8.decode(bytes);
	}
	return String.fromCharCode.apply(null, bytes);
}

class Unpacker {
	constructor(events) {
		this.events = events;
		this.numbers = new Map(); /* of texts */
		this.slotCount = 0;
		this.low = 0; /* time of the last event since the first one, in two words */
		this.high = 0;
	}

	numberOf(text) {
		let number = this.numbers.get(text);

		if (number === undefined) {
			number = this.events.texts.length;
			this.events.texts.push(text);
			this.numbers.set(text, number);
		}
		return number;
	}

	/* The number of a text; cursor.low tells whether it was cut. */
	text(cursor) {
		const reference = cursor.number();
		const index = Math.floor(reference / 2);

		if (index === cursor.texts.length) {
			const bytes = cursor.bytesOf(cursor.number());

			cursor.texts.push(this.numberOf(decodeText(bytes)));
		}
		cursor.low = reference % 2;
		return cursor.texts[index];
	}

	string(cursor) {
		return this.events.texts[this.text(cursor)];
	}

	defineSite(cursor) {
		const site = {
			kind: cursor.number(), level: cursor.number(), line: cursor.number(),
			target: this.string(cursor), probe: this.string(cursor),
				msg: this.string(cursor),
			file: this.string(cursor), func: this.string(cursor), fields: [], slots: 0,
		};

		for (let left = cursor.number(); left > 0; left--) {
			const type = cursor.number();

			site.fields.push({ type, key: this.string(cursor), slot: site.slots });
			site.slots += type === TYPE.DECIMAL ? 2 : 1;
		}
		this.events.sites.push(site);
	}

	defineThread(cursor) {
		this.events.threads.push({
			file: cursor.number(), pid: cursor.number(), tid: cursor.number(),
			nsPid: cursor.number(), nsTid: cursor.number(), shift: cursor.big(),
			comm: this.string(cursor),
		});
	}

	value(cursor, type, slot) {
		const words = this.events.words;

		if (isReal(type)) {
			this.events.reals[slot] = cursor.view.getFloat64(cursor.at, true);
			cursor.at += 8;
			return;
		}
		if (isText(type)) {
			words[2 * slot] = this.text(cursor);
			words[2 * slot + 1] = cursor.low;
			return;
		}
		if (isSigned(type) || type === TYPE.DECIMAL)
			cursor.signed();
		else
			cursor.wide();
		words[2 * slot] = cursor.low;
		words[2 * slot + 1] = cursor.high;
		if (type === TYPE.DECIMAL)
			words[2 * slot + 2] = cursor.number();
	}

	time(cursor, row) {
		cursor.signed();
		if (row) {
			const low = this.low + (cursor.low >>> 0);

			this.high = this.high + cursor.high + (low >= TWO_32 ? 1 : 0) | 0;
			this.low = low >>> 0;
		} else
			this.events.base = cursor.asBig();
		this.events.time[row] = this.high * TWO_32 + this.low;
		this.events.timeLow[row] = this.low;
	}

	event(cursor) {
		const events = this.events;
		const row = events.count++;
		const head = cursor.number();
		const number = Math.floor(head / 2);

		if (number === events.sites.length)
			this.defineSite(cursor);
		events.site[row] = number;
		events.thread[row] = cursor.number();
		if (events.thread[row] === events.threads.length)
			this.defineThread(cursor);
		this.time(cursor, row);

		const nulls = head % 2 ? cursor.number() : 0;
		const site = events.sites[number];

		events.nulls[row] = nulls;
		events.first[row] = this.slotCount;
		for (let i = 0; i < site.fields.length; i++) {
			if (!(nulls >> i & 1))
				this.value(cursor, site.fields[i].type, this.slotCount +
					site.fields[i].slot);
		}
		this.slotCount += site.slots;
	}

	block(bytes) {
		const cursor = new Cursor(bytes);

		while (!cursor.isAtEnd() && this.events.count < this.events.capacity)
			this.event(cursor);
	}
}

async function inflate(base64) {
	const text = atob(base64);
	const bytes = new Uint8Array(text.length);

	for (let i = 0; i < bytes.length; i++)
		bytes[i] = text.charCodeAt(i);

	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));

	return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* Takes the blocks out of the page. Calls `progress` with the share that is done. */
async function unpackAll(summary, blocks, progress) {
	const events = new Events(summary.events, summary.slots);
	const unpacker = new Unpacker(events);

	for (let i = 0; i < blocks.length; i++) {
		unpacker.block(await inflate(blocks[i].textContent));
		blocks[i].remove();
		progress((i + 1) / blocks.length);
	}
	return events;
}
