/* SPDX-License-Identifier: MIT */
/*
 * The page: it reads the data, then keeps the selection (expression, levels, range), and gives the
 * rows that match to the table and the timeline.
 */

const TYPING_MS = 120;

class Page {
	constructor(summary, files, events) {
		this.events = events;
		this.last = this.lastTime(files);
		this.lanes = new Lanes(events, files);
		this.levels = new Set(LEVELS.keys());
		this.timeline = new Timeline(events, this.lanes, {
			range: (range) => this.setRange(range),
			pick: (time, lane) => this.pick(time, lane),
		});
		this.table = new Table(events, this.lanes, (event) => this.selected(event));
		this.details = new Details(events, this.lanes, (term) => this.addTerm(term),
			() => this.table.select(-1));
		this.input = document.getElementById("filter");
		document.body.classList.toggle("empty", !events.count);
		this.levelButtons();
		this.listen();
		this.apply();
		this.table.scrollTo(Infinity);
	}

	/* The last time in all files, even if the page lacks some events: relative times count from
	 * it. */
	lastTime(files) {
		const times = files.map((file) => parseTime(String(file.info.last_ts || ""), 0n) ||
			0n);

		return times.reduce((last, time) => time > last ? time : last, 0n);
	}

	levelButtons() {
		const counts = LEVELS.map(() => 0);
		const bar = document.getElementById("levels");

		for (let row = 0; row < this.events.count; row++)
			counts[this.events.sites[this.events.site[row]].level]++;
		LEVELS.forEach((name, level) => {
			const button = element("button", "level-button " + name.toLowerCase());

			button.type = "button";
			button.disabled = !counts[level];
			button.setAttribute("aria-pressed", "true");
			button.title = "Show or hide " + name + " (double click: this one alone)";
			button.append(element("span", "swatch"), name + " ",
				element("b", "", grouped(counts[level])));
			button.addEventListener("click", () => this.toggleLevel(level));
			button.addEventListener("dblclick", () => this.onlyLevel(level));
			bar.append(button);
		});
		document.getElementById("next-error").disabled =
			!counts.some((count, level) => count && level >= LEVEL_ERROR);
	}

	toggleLevel(level) {
		if (!this.levels.delete(level))
			this.levels.add(level);
		this.apply();
	}

	onlyLevel(level) {
		this.levels = new Set([level]);
		this.apply();
	}

	/* ---- The selection ---- */

	ofLevels(rows) {
		const { events, levels } = this;

		if (levels.size === LEVELS.length)
			return rows;

		const wanted = events.sites.map((site) => levels.has(site.level));

		return rows.filter((row) => wanted[events.site[row]]);
	}

	showError(error) {
		const box = document.getElementById("error");

		box.hidden = !error;
		this.input.setAttribute("aria-invalid", error ? "true" : "false");
		if (!error)
			return;

		const source = this.input.value;
		const length = Math.min(error.length, source.length - error.at);

		box.replaceChildren(element("span", "why", error.message),
			element("pre", "", plain(source) + "\n" + " ".repeat(error.at) + "^" +
				"~".repeat(Math.max(1, length) - 1)));
	}

	/* With an error in the expression, the old rows stay. */
	apply() {
		try {
			this.matched = this.ofLevels(filterEvents(this.events, this.input.value,
				this.last));
			this.showError(null);
		} catch (error) {
			if (!(error instanceof FilterError))
				throw error;
			this.showError(error);
			return;
		}
		document.querySelectorAll(".level-button").forEach((button, level) => {
			button.setAttribute("aria-pressed", this.levels.has(level));
		});
		this.timeline.setRows(this.matched);
		this.applyRange();
	}

	applyRange() {
		const { range } = this.timeline;
		let rows = this.matched;

		if (range)
			rows = rows.subarray(this.events.lowerBound(rows, range.from),
				this.events.lowerBound(rows, Math.floor(range.to) + 1));
		this.table.setRows(rows);
		this.showCount(rows.length);
	}

	showCount(count) {
		const { range } = this.timeline;
		const text = count === this.events.count ? counted(count, "event")
			: grouped(count) + " of " + counted(this.events.count, "event");

		document.getElementById("count").textContent = text +
			(range ? " in " + durationText(range.to - range.from) : "");
		document.getElementById("clear").hidden = !range && !this.input.value &&
			this.levels.size === LEVELS.length;
		this.timeline.draw();
	}

	setRange(range) {
		this.timeline.setRange(range);
		this.applyRange();
	}

	setFilter(text) {
		this.input.value = text;
		this.apply();
	}

	addTerm(term) {
		const before = this.input.value.trim();
		const isPlain = !/\b(or)\b|\|\|/i.test(before);

		this.setFilter(before ? (isPlain ? before : "(" + before + ")") + " and " + term
			: term);
	}

	clear() {
		this.levels = new Set(LEVELS.keys());
		this.timeline.setRange(null);
		this.setFilter("");
	}

	/* ---- The selected event ---- */

	selected(event) {
		this.details.show(event);
		this.timeline.select(event < 0 ? null : this.events.time[event]);
		if (event >= 0) {
			this.table.show(this.table.placeOf(event));
			this.uncover(event);
		}
	}

	/* In narrow windows the details cover the table; they open with the first selected
	 * event. */
	uncover(event) {
		const details = document.getElementById("details");
		const covered = () => this.table.bottomOf(this.table.placeOf(event)) -
			details.getBoundingClientRect().top;

		for (let times = 0; times < 3 && covered() > 0; times++)
			window.scrollBy(0, covered());
	}

	/* Selects the event that is nearest to a time; in a lane, if one was pointed at. */
	pick(time, lane) {
		const { rows } = this.table;
		const { events, lanes } = this;
		const isIn = (row) => lane < 0 || lanes.ofThread[events.thread[row]] === lane;
		let right = events.lowerBound(rows, time), left = right - 1;

		while (left >= 0 && !isIn(rows[left]))
			left--;
		while (right < rows.length && !isIn(rows[right]))
			right++;

		const isLeft = left >= 0 && (right >= rows.length ||
			time - events.time[rows[left]] <= events.time[rows[right]] - time);
		const place = isLeft ? left : right;

		if (place < 0 || place >= rows.length)
			return;
		this.table.center(place);
		this.table.select(rows[place]);
	}

	toCrash() {
		const crash = this.lanes.crash();

		if (!crash)
			return;
		if (!this.table.rows.includes(crash.row))
			this.clear();
		this.table.center(this.table.placeOf(crash.row));
		this.table.select(crash.row);
	}

	seekError(direction) {
		this.table.seek(direction, (row) => this.events.siteOf(row).level >= LEVEL_ERROR);
	}

	/* Sets the range's begin or end to the selected event. */
	bound(isEnd) {
		const { table, timeline, events } = this;

		if (table.selected < 0)
			return;

		const time = events.time[table.selected];
		const range = timeline.range || { from: 0, to: events.time[events.count - 1] };

		this.setRange(isEnd ? { from: Math.min(range.from, time), to: time }
			: { from: time, to: Math.max(range.to, time) });
	}

	toggleTime() {
		this.table.isRelative = !this.table.isRelative;
		document.getElementById("time-head").setAttribute("aria-pressed",
			this.table.isRelative);
		this.table.draw();
	}

	/* ---- Keys and buttons ---- */

	escape() {
		if (this.table.selected >= 0)
			this.table.select(-1);
		else if (this.timeline.range)
			this.setRange(null);
	}

	keys() {
		return {
			"/": () => this.input.select(),
			"?": () => document.getElementById("help").showModal(),
			j: () => this.table.step(1),
			k: () => this.table.step(-1),
			n: () => this.seekError(1),
			N: () => this.seekError(-1),
			c: () => this.toCrash(),
			"[": () => this.bound(false),
			"]": () => this.bound(true),
			z: () => this.timeline.zoom(),
			0: () => this.setRange(null),
			t: () => this.toggleTime(),
			x: () => this.clear(),
			Escape: () => this.escape(),
		};
	}

	listenToKeys() {
		const keys = this.keys();

		document.addEventListener("keydown", (event) => {
			const isTyping = event.target.closest("input, dialog");

			if (isTyping || event.ctrlKey || event.altKey || event.metaKey ||
				!keys[event.key])
				return;
			event.preventDefault();
			keys[event.key]();
		});
		this.input.addEventListener("keydown", (event) => {
			if (event.key === "Enter" || event.key === "ArrowDown") {
				event.preventDefault();
				this.apply();
				this.table.scroller.focus();
			} else if (event.key === "Escape")
				this.input.blur();
		});
	}

	listen() {
		const on = (id, act) => document.getElementById(id).addEventListener("click", act);
		let timer = 0;

		this.input.addEventListener("input", () => {
			clearTimeout(timer);
			timer = setTimeout(() => this.apply(), TYPING_MS);
		});
		on("clear", () => this.clear());
		on("zoom", () => this.timeline.zoom());
		on("to-crash", () => this.toCrash());
		on("next-error", () => this.seekError(1));
		on("show-help", () => document.getElementById("help").showModal());
		on("close-help", () => document.getElementById("help").close());
		on("time-head", () => this.toggleTime());
		document.getElementById("to-crash").hidden = !this.lanes.crash();
		this.listenToKeys();
		window.addEventListener("beforeprint", () => this.table.print());
	}
}

async function load() {
	const progress = document.getElementById("progress");
	const summary = JSON.parse(document.getElementById("summary").textContent);
	const files = summary.files.map(tidyFile);
	const events = await unpackAll(summary,
		Array.from(document.querySelectorAll("script.block")), (share) => {
			progress.value = share;
		});

	showSummary(summary, files, events.count);
	performance.mark("read");
	document.body.classList.remove("loading");
	return new Page(summary, files, events);
}

/* Tests and debuggers wait for this. */
const page = load().catch((error) => {
	document.body.classList.add("failed");
	document.getElementById("why").textContent = String(error);
	throw error;
});
