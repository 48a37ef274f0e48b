/* SPDX-License-Identifier: MIT */
/*
 * Threads as lanes, with their spans: begins and ends are matched as in viewer/spans/spans.c. A
 * span that never ended stays open to the end.
 */

const CLOCK_SLACK_NS = 100000;
const MAX_OPEN = 256;

class Lanes {
	constructor(events, files) {
		this.events = events;
		this.list = [];
		this.ofThread = new Uint32Array(events.threads.length);
		this.addLanes(files);

		const begins = this.countSpans();

		this.spanCount = 0;
		this.start = new Float64Array(begins);
		this.end = new Float64Array(begins);
		this.lane = new Uint32Array(begins);
		this.depth = new Uint8Array(begins);
		this.level = new Uint8Array(begins);
		this.matchAll();
		this.sort();
	}

	addLanes(files) {
		const known = new Map();

		this.events.threads.forEach((thread, number) => {
			const info = (files[thread.file] || {}).info || {};
			const key = [info.host, thread.pid, thread.tid].join("/");
			const crash = info.crash && info.pid === thread.pid &&
				info.crash.tid === thread.tid;

			if (!known.has(key)) {
				known.set(key, this.list.length);
				this.list.push({ pid: thread.pid, tid: thread.tid, count: 0,
					errors: 0, last: -1, open: [], crash: null });
			}

			const lane = this.list[known.get(key)];

			lane.name = thread.comm;
			lane.crash = crash ? info.crash : lane.crash;
			this.ofThread[number] = known.get(key);
		});
	}

	countSpans() {
		const { events } = this;
		let count = 0;

		for (let row = 0; row < events.count; row++)
			count += events.sites[events.site[row]].kind !== KIND.PLAIN ? 1 : 0;
		return count;
	}

	add(lane, start, end, depth, level) {
		const at = this.spanCount++;

		this.start[at] = start;
		this.end[at] = end;
		this.lane[at] = lane;
		this.depth[at] = depth;
		this.level[at] = level;
	}

	isBeginOf(begin, row, duration) {
		const { events } = this;
		const from = events.siteOf(begin), to = events.siteOf(row);
		const apart = Math.abs(events.time[row] - events.time[begin] - duration);

		return from.line === to.line && from.probe === to.probe && from.file === to.file &&
			apart <= CLOCK_SLACK_NS + duration / 256;
	}

	close(lane, number, row) {
		const { events } = this;
		const end = events.time[row];
		const duration = events.isNull(row, 0) ? 0
			: events.number(events.first[row], false);
		let at = lane.open.length - 1;

		while (at >= 0 && !this.isBeginOf(lane.open[at], row, duration))
			at--;
		if (at < 0) {
			this.add(number, end - duration, end, lane.open.length,
				events.siteOf(row).level);
			return;
		}
		/* spans inside it will not end any more: it is unknown when they were left */
		for (let depth = lane.open.length - 1; depth >= at; depth--)
			this.add(number, events.time[lane.open[depth]], end, depth,
				events.siteOf(row).level);
		lane.open.length = at;
	}

	matchAll() {
		const { events } = this;

		for (let row = 0; row < events.count; row++) {
			const number = this.ofThread[events.thread[row]];
			const lane = this.list[number], site = events.siteOf(row);

			lane.count++;
			lane.last = row;
			lane.errors += site.level >= LEVEL_ERROR ? 1 : 0;
			if (site.kind === KIND.SPAN && lane.open.length < MAX_OPEN)
				lane.open.push(row);
			else if (site.kind === KIND.SPAN_END)
				this.close(lane, number, row);
		}
		this.list.forEach((lane, number) => {
			lane.open.forEach((row, depth) => this.add(number, events.time[row],
				Infinity, depth, events.siteOf(row).level));
		});
	}

	/* Crashed threads first, then the busiest ones. */
	sort() {
		const order = this.list.map((lane, number) => number)
			.filter((number) => this.list[number].count)
			.sort((a, b) => !!this.list[b].crash - !!this.list[a].crash ||
				this.list[b].count - this.list[a].count);

		this.shown = order;
		this.place = new Int32Array(this.list.length).fill(-1);
		order.forEach((number, place) => {
			this.place[number] = place;
		});
	}

	/* The last event of the thread that crashed, or null. */
	crash() {
		const lane = this.list.find((one) => one.crash && one.last >= 0);

		return lane ? { row: lane.last, time: this.events.time[lane.last], lane,
			signal: lane.crash.signal || "crash" } : null;
	}
}
