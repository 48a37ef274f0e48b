/* SPDX-License-Identifier: MIT */
/*
 * The table of events. Only the visible rows are in the document. They lie in a fixed layer; an
 * empty box as high as all rows makes the scroll bar. Browsers limit the height of a box (Firefox
 * shows nothing in one of 12,000,000 pixels). Above MAX_HEIGHT the bar moves in larger steps, and
 * the wheel and the keys move independently of it.
 */

const ROW_HEIGHT = 24;
const MAX_HEIGHT = 4000000;
const SHOWN_FIELDS = 16;
const SHOWN_CHARS = 400; /* per value */
const PRINTED_ROWS = 60;

class Table extends Picture {
	constructor(events, lanes, onSelect) {
		super();
		this.events = events;
		this.crash = lanes.crash();
		this.onSelect = onSelect;
		this.rows = new Uint32Array(0);
		this.selected = -1; /* number of an event, not of a row */
		this.top = 0;       /* how many pixels of all rows are above */
		this.isRelative = false;
		this.pool = [];
		this.scroller = document.getElementById("table");
		this.layer = document.getElementById("rows");
		this.spacer = document.getElementById("spacer");
		this.head = document.getElementById("table-head");
		this.fitColumns();
		this.listen();
	}

	/* As wide as their contents and titles, within limits. */
	fitColumns() {
		const longest = (texts, least, most) => Math.min(most, Math.max(least, ...texts));
		const style = this.scroller.style;

		this.hasDays = this.events.hasDays();
		style.setProperty("--time-width", this.hasDays ? "30ch" : "19ch");

		style.setProperty("--thread-width", 1 + longest(this.events.threads
			.slice(0, 10000).map((thread) => plain(thread.comm).length), 6, 16) + "ch");
		style.setProperty("--name-width", 1 + longest(this.events.sites
			.slice(0, 10000).map((site) => this.nameOf(site).length), 11, 32) + "ch");
	}

	/* The probe of a level macro has the name of its level, which is not shown twice. */
	nameOf(site) {
		const isOwn = site.probe !== (LEVELS[site.level] || "").toLowerCase();

		return plain(site.target) + (isOwn ? ":" + plain(site.probe) : "");
	}

	listen() {
		const { scroller } = this;

		scroller.addEventListener("scroll", () => this.scrolled());
		scroller.addEventListener("wheel", (event) => {
			if (this.scale === 1 || event.ctrlKey)
				return;
			event.preventDefault();
			this.scrollTo(this.top + event.deltaY * (event.deltaMode ? ROW_HEIGHT : 1));
		}, { passive: false });
		scroller.addEventListener("keydown", (event) => this.key(event));
		this.layer.addEventListener("click", (event) => {
			const row = event.target.closest(".row");

			if (row)
				this.select(Number(row.dataset.event));
		});
		new ResizeObserver(() => this.layout()).observe(scroller);
	}

	key(event) {
		const page = Math.max(1, Math.floor(this.height / ROW_HEIGHT) - 1);
		const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
			Home: -Infinity, End: Infinity };

		if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey)
			return;
		event.preventDefault();
		this.step(steps[event.key]);
	}

	/* ---- Places ---- */

	layout() {
		const total = this.rows.length * ROW_HEIGHT;
		const wasSeen = this.selected >= 0 && this.isSeen(this.placeOf(this.selected));

		this.height = Math.max(ROW_HEIGHT,
			this.scroller.clientHeight - this.head.offsetHeight);

		const drawn = Math.min(total, MAX_HEIGHT);

		this.scale = total > MAX_HEIGHT ? (total - this.height) / (drawn - this.height) : 1;
		this.spacer.style.height = drawn + "px";
		this.scrollTo(this.top);
		/* the selected row stays visible when its details take room */
		if (wasSeen)
			this.show(this.placeOf(this.selected));
	}

	isSeen(place) {
		const y = place * ROW_HEIGHT;

		return y + ROW_HEIGHT > this.top && y < this.top + this.height;
	}

	scrollTo(top) {
		const most = Math.max(0, this.rows.length * ROW_HEIGHT - this.height);

		this.top = Math.min(most, Math.max(0, top));
		this.expected = this.top / this.scale;
		this.scroller.scrollTop = this.expected;
		this.draw();
	}

	scrolled() {
		const at = this.scroller.scrollTop;

		/* caused by scrollTo() itself; browsers round it */
		if (Math.abs(at - this.expected) < 2)
			return;
		this.expected = at;
		this.top = at * this.scale;
		this.draw();
	}

	/* The place of an event in the rows, or the place where it would be. */
	placeOf(event) {
		let low = 0, high = this.rows.length;

		while (low < high) {
			const middle = low + high >>> 1;

			if (this.rows[middle] < event)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}

	show(place) {
		const y = place * ROW_HEIGHT;

		if (y < this.top)
			this.scrollTo(y);
		else if (y + ROW_HEIGHT > this.top + this.height)
			this.scrollTo(y + ROW_HEIGHT - this.height);
	}

	/* The place of the row's lower edge in the window. */
	bottomOf(place) {
		return this.scroller.getBoundingClientRect().top + this.head.offsetHeight +
			(place + 1) * ROW_HEIGHT - this.top;
	}

	center(place) {
		this.scrollTo(place * ROW_HEIGHT - this.height / 2);
	}

	/* ---- Selecting ---- */

	setRows(rows) {
		const anchor = this.selected >= 0 ? this.selected
			: this.rows[Math.floor(this.top / ROW_HEIGHT)];

		this.rows = rows;
		this.scroller.setAttribute("aria-rowcount", rows.length + 1);
		document.getElementById("empty").hidden = rows.length > 0;
		this.layout();
		if (anchor !== undefined)
			this.center(this.placeOf(anchor));
	}

	select(event) {
		this.selected = event;
		this.draw();
		this.onSelect(event);
	}

	/* Moves the selection by so many rows. */
	step(by) {
		const { rows } = this;
		const from = this.selected < 0 ? Math.floor(this.top / ROW_HEIGHT) - Math.sign(by)
			: this.placeOf(this.selected);
		const place = Math.min(rows.length - 1, Math.max(0, from + by));

		if (!rows.length)
			return;
		this.show(place);
		this.select(rows[place]);
	}

	/* Selects the next (1) or previous (-1) row for which isWanted() is true. */
	seek(direction, isWanted) {
		const { rows } = this;
		const outside = direction > 0 ? -1 : rows.length;
		const from = this.selected < 0 ? outside : this.placeOf(this.selected);

		for (let place = from + direction; rows[place] !== undefined; place += direction) {
			if (isWanted(rows[place])) {
				this.center(place);
				this.select(rows[place]);
				return true;
			}
		}
		return false;
	}

	/* ---- Drawing ---- */

	newRow() {
		const row = element("div", "row");

		row.setAttribute("role", "row");
		for (const name of ["time", "level", "thread", "name", "message"]) {
			const cell = element("div", name);

			cell.setAttribute("role", "gridcell");
			row.append(cell);
		}
		this.layer.append(row);
		return row;
	}

	timeOf(event) {
		const clock = timeText(this.events.realTime(event));

		if (!this.isRelative)
			return this.hasDays ? clock.slice(0, -1).replace("T", " ")
				: clock.slice(11, -1);

		const from = this.crash ? this.crash.time : this.events.time[this.events.count - 1];
		const ns = this.events.time[event] - from;

		return (ns > 0 ? "+" : ns ? "" : "\u00b1") + durationText(ns);
	}

	fillMessage(cell, event) {
		const { events } = this;
		const site = events.siteOf(event);
		const parts = [element("span", "text", events.message(event))];

		site.fields.slice(0, SHOWN_FIELDS).forEach((field, index) => {
			const key = site.kind === KIND.SPAN_END && index === 0 ? "took"
				: plain(field.key);

			parts.push(" ", element("span", "key", key + "="),
				element("span", "value", events.shownValue(event, index)
					.slice(0, SHOWN_CHARS)));
		});
		cell.replaceChildren(...parts);
	}

	fill(row, place) {
		const { events } = this;
		const event = this.rows[place];
		const site = events.siteOf(event), level = LEVELS[site.level] || "?";
		const [time, levelCell, thread, name, message] = row.children;
		const isCrash = this.crash && this.crash.row === event;

		row.className = "row " + level.toLowerCase() + (isCrash ? " crash" : "");
		row.id = "event-" + event;
		row.dataset.event = event;
		row.setAttribute("aria-rowindex", place + 2);
		time.textContent = this.timeOf(event);
		levelCell.textContent = level;
		thread.textContent = plain(events.threadOf(event).comm);
		name.textContent = this.nameOf(site);
		this.fillMessage(message, event);
		if (isCrash)
			message.prepend(element("span", "badge",
				plain(this.crash.signal).slice(0, 24) + " after this"), " ");
	}

	drawNow() {
		const first = Math.floor(this.top / ROW_HEIGHT);
		const count = Math.min(this.rows.length - first,
			Math.ceil(this.height / ROW_HEIGHT) + 1);

		while (this.pool.length < count)
			this.pool.push(this.newRow());
		this.pool.forEach((row, i) => {
			row.hidden = i >= count;
			if (row.hidden)
				return;

			const event = this.rows[first + i];
			const key = event + "/" + (first + i) + "/" + this.isRelative;

			if (row.dataset.key !== key) {
				row.dataset.key = key;
				this.fill(row, first + i);
			}
			row.setAttribute("aria-selected", event === this.selected);
			row.style.transform = "translateY(" +
				((first + i) * ROW_HEIGHT - this.top) + "px)";
		});
		if (this.selected >= 0 && document.getElementById("event-" + this.selected))
			this.scroller.setAttribute("aria-activedescendant",
				"event-" + this.selected);
		else
			this.scroller.removeAttribute("aria-activedescendant");
	}

	/* On paper: the last rows up to the selected event, or to the end. */
	print() {
		const end = this.selected >= 0 ? this.placeOf(this.selected) + 1 : this.rows.length;
		const rows = [];

		for (let place = Math.max(0, end - PRINTED_ROWS); place < end; place++) {
			const row = this.newRow();

			this.fill(row, place);
			row.removeAttribute("id");
			rows.push(row);
		}
		document.getElementById("printed").replaceChildren(...rows);
	}
}
