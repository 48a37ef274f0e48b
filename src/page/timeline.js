/* SPDX-License-Identifier: MIT */
/*
 * The picture of time: the visible part (view), the selected part (range, or null), and the
 * pointer. Dragging selects a range, a click shows the nearest event.
 */

const DRAG_PIXELS = 4;
const MIN_VIEW_NS = 500;

class Timeline extends Picture {
	constructor(events, lanes, on) {
		super();

		const last = events.count ? events.time[events.count - 1] : 0;
		const margin = Math.max(last * 0.004, (MIN_VIEW_NS - last) / 2);

		this.events = events;
		this.lanes = lanes;
		this.waits = new Waits(events, lanes);
		this.on = on; /* range(range), pick(time, lane) */
		this.all = new Uint32Array(events.count).map((_, row) => row);
		this.rows = this.all;
		this.whole = { from: -margin, to: last + margin };
		this.view = this.whole;
		this.range = null;
		this.zoomed = null; /* the range that is shown alone */
		this.crash = lanes.crash();
		document.getElementById("crash-mark").dataset.label = this.crash
			? plain(this.crash.signal).slice(0, 24) : "";
		this.selected = null;
		this.drag = null;
		this.plot = document.getElementById("plot");
		this.tip = document.getElementById("tip");
		this.labels();
		this.listen();
	}

	labels() {
		const list = document.getElementById("lane-names");
		const shown = this.lanes.shown.slice(0, MAX_LANES);
		const names = new Set(shown.map((number) => this.lanes.list[number].name));

		/* in little room only the names are shown, if they are different */
		list.classList.toggle("distinct", names.size === shown.length);
		for (const number of shown) {
			const lane = this.lanes.list[number];
			const item = element("li", lane.crash ? "crashed" : "");

			item.append(element("span", "name", plain(lane.name) || "?"),
				element("span", "id", lane.tid));
			item.title = plain(lane.name) + " " + lane.pid + "/" + lane.tid + ": " +
				counted(lane.count, "event") + (lane.crash ? ", died here" : "");
			list.append(item);
		}
		if (this.lanes.shown.length > MAX_LANES)
			list.append(element("li", "", "and " +
				grouped(this.lanes.shown.length - MAX_LANES) + " more"));
	}

	/* ---- Pointer ---- */

	timeAt(event) {
		const box = this.plot.getBoundingClientRect();
		const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));

		return this.view.from + share * (this.view.to - this.view.from);
	}

	laneAt(event) {
		const box = document.getElementById("lanes").getBoundingClientRect();
		const place = Math.floor((event.clientY - box.top) / LANE_HEIGHT);

		return place >= 0 && place < this.lanes.shown.length ? this.lanes.shown[place] : -1;
	}

	listen() {
		const { plot } = this;

		plot.addEventListener("pointerdown", (event) => {
			if (event.button !== 0)
				return;
			plot.setPointerCapture(event.pointerId);
			this.drag = { x: event.clientX, time: this.timeAt(event), moved: false };
		});
		plot.addEventListener("pointermove", (event) => this.move(event));
		plot.addEventListener("pointerup", (event) => this.release(event));
		plot.addEventListener("pointercancel", () => {
			this.drag = null;
		});
		plot.addEventListener("pointerleave", () => this.say(""));
		plot.addEventListener("dblclick", () => this.zoom());
		window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
			this.colours = null;
			this.draw();
		});
		new ResizeObserver(() => this.draw()).observe(plot);
	}

	move(event) {
		if (this.drag && Math.abs(event.clientX - this.drag.x) >= DRAG_PIXELS)
			this.drag.moved = true;
		if (this.drag && this.drag.moved) {
			const time = this.timeAt(event);

			this.range = { from: Math.min(time, this.drag.time),
				to: Math.max(time, this.drag.time) };
			this.place();
		}
		this.point(event);
	}

	release(event) {
		const { drag } = this;

		this.drag = null;
		if (drag && drag.moved)
			this.on.range(this.range);
		else if (drag)
			this.on.pick(drag.time, this.laneAt(event));
	}

	say(text) {
		this.tip.textContent = text;
	}

	/* Counts by level in one lane. */
	countLane(lane, from, to) {
		const { events, lanes, rows } = this;
		const inside = rows.subarray(events.lowerBound(rows, from),
			events.lowerBound(rows, to));

		return countBins(events, inside.filter((row) =>
			lanes.ofThread[events.thread[row]] === lane), { from, to }, 1);
	}

	/* The interval at the pointer, and its events. */
	point(event) {
		const { drawn, view, events } = this;
		const lane = this.laneAt(event);
		const share = (this.timeAt(event) - view.from) / (view.to - view.from);

		if (!drawn)
			return;

		const bin = Math.min(drawn.bins - 1, Math.floor(share * drawn.bins));
		const length = (view.to - view.from) / drawn.bins;
		const from = view.from + bin * length;
		const at = Math.max(0, Math.round(from));
		const ofBin = lane >= 0 ? this.countLane(lane, from, from + length)
			: drawn.counts.subarray(bin * LEVELS.length);
		const counts = LEVELS.map((name, level) => [name, ofBin[level]])
			.filter(([, count]) => count)
			.map(([name, count]) => grouped(count) + " " + name);

		this.say((lane >= 0 ? plain(this.lanes.list[lane].name) + " \u00b7 " : "") +
			clockText(events.base + BigInt(at)) + " +" + durationText(length) + ": " +
			(counts.join(", ") || "nothing") +
			(lane >= 0 ? this.waits.textAt(lane, this.timeAt(event)) : ""));
	}

	/* ---- State ---- */

	setRows(rows) {
		this.rows = rows;
		this.draw();
	}

	setRange(range) {
		this.range = range;
		this.place();
	}

	select(time) {
		this.selected = time;
		if (time !== null && (time < this.view.from || time > this.view.to)) {
			this.view = this.whole;
			this.zoomed = null;
		}
		this.draw();
	}

	/* Zooms into the range, or out again. */
	zoom() {
		const { range } = this;
		const margin = range ? Math.max(0, MIN_VIEW_NS - (range.to - range.from)) / 2 : 0;

		if (!range || range === this.zoomed)
			this.view = this.whole;
		else
			this.view = { from: range.from - margin, to: range.to + margin };
		this.zoomed = this.view === this.whole ? null : range;
		this.draw();
	}

	/* ---- Drawing ---- */

	drawNow() {
		const { events, view } = this;
		const width = this.plot.clientWidth;

		if (!width)
			return;
		this.colours = this.colours || readColours();
		this.drawn = drawHistogram(document.getElementById("histogram"), width,
			this.totals(width), this.counts(this.rows, width), this.colours);
		drawAxis(document.getElementById("axis"), width, events, view, this.colours);
		drawLanes(document.getElementById("lanes"), width, events, this.rows, this, view,
			this.colours);
		document.getElementById("most").textContent = grouped(this.drawn.most);
		document.getElementById("interval").textContent = "per " +
			durationText((view.to - view.from) / this.drawn.bins);
		document.getElementById("zoom").disabled = !this.range && view === this.whole;
		this.place();
	}

	counts(rows, width) {
		return countBins(this.events, rows, this.view,
			Math.max(1, Math.floor(width / BAR_WIDTH)));
	}

	/* Counts of all events; they stay the same until the view changes. */
	totals(width) {
		const known = this.known;

		if (!known || known.view !== this.view || known.width !== width)
			this.known = { view: this.view, width,
				counts: this.counts(this.all, width) };
		return this.known.counts;
	}

	/* Places what lies over the picture: the range, the selected event, the crash. */
	place() {
		const { view } = this;
		const { crash } = this;
		const put = (id, time) => {
			const share = time === null ? -1
				: (time - view.from) / (view.to - view.from);
			const mark = document.getElementById(id);

			mark.hidden = share < 0 || share > 1;
			mark.style.left = share * 100 + "%";
		};
		const brush = document.getElementById("brush");

		put("cursor", this.selected);
		put("crash-mark", crash ? crash.time : null);
		brush.hidden = !this.range || (this.range.from <= view.from &&
			this.range.to >= view.to);
		if (brush.hidden)
			return;

		const share = (time) => Math.min(1,
			Math.max(0, (time - view.from) / (view.to - view.from)));

		brush.style.left = share(this.range.from) * 100 + "%";
		brush.style.width = (share(this.range.to) - share(this.range.from)) * 100 + "%";
	}
}
