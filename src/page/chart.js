/* SPDX-License-Identifier: MIT */
/*
 * Draws events per interval, by level, and the lanes below, onto canvases. All is drawn again when
 * something changes: one pass over the events, however many they are.
 */

const BAR_WIDTH = 5;
const CHART_HEIGHT = 84;
const LANE_HEIGHT = 22;
const MAX_LANES = 200;
const SPAN_DEPTHS = 3;

/* Colours come from the styles: one place for light and dark. */
function readColours() {
	const style = getComputedStyle(document.documentElement);
	const colour = (name) => style.getPropertyValue("--" + name).trim();

	return {
		levels: LEVELS.map((name) => colour("bar-" + name.toLowerCase())),
		faint: colour("faint"), line: colour("line"), text: colour("muted"),
		waits: WAIT_REASONS.map((name) => colour("wait-" + name)),
		span: colour("span"), crash: colour("crash"), tick: colour("tick"),
	};
}

/* A context that draws in CSS pixels. */
function prepareCanvas(canvas, width, height) {
	const scale = window.devicePixelRatio || 1;
	const context = canvas.getContext("2d");

	canvas.width = Math.max(1, Math.round(width * scale));
	canvas.height = Math.max(1, Math.round(height * scale));
	canvas.style.height = height + "px";
	context.scale(scale, scale);
	context.clearRect(0, 0, width, height);
	return context;
}

/* ---- Histogram ---- */

function countBins(events, rows, view, bins) {
	const counts = new Uint32Array(bins * LEVELS.length);
	const scale = bins / (view.to - view.from);
	const levels = events.sites.map((site) => Math.min(site.level, LEVELS.length - 1));
	const from = events.lowerBound(rows, view.from);

	for (let i = from; i < rows.length; i++) {
		const row = rows[i];
		const time = events.time[row];

		if (time > view.to)
			break;

		const bin = Math.min(bins - 1, Math.floor((time - view.from) * scale));

		counts[bin * LEVELS.length + levels[events.site[row]]]++;
	}
	return counts;
}

function binTotal(counts, bin) {
	let total = 0;

	for (let level = 0; level < LEVELS.length; level++)
		total += counts[bin * LEVELS.length + level];
	return total;
}

/* Levels from the bottom up. Warnings and errors have at least 2 pixels, however few they are. */
function drawBar(context, counts, bin, scale, x, colours) {
	let y = CHART_HEIGHT;

	for (let level = 0; level < LEVELS.length; level++) {
		const count = counts[bin * LEVELS.length + level];

		if (!count)
			continue;

		const height = Math.max(count * scale, level >= LEVEL_WARN ? 2.5 : 0.5);

		context.fillStyle = colours.levels[level];
		context.fillRect(x, Math.max(0, y - height), BAR_WIDTH - 1, Math.min(y, height));
		y -= height;
	}
}

/* `totals`: counts of all events. Returns what was drawn, for the pointer. */
function drawHistogram(canvas, width, totals, counts, colours) {
	const bins = totals.length / LEVELS.length;
	const context = prepareCanvas(canvas, width, CHART_HEIGHT);
	let most = 1;

	for (let bin = 0; bin < bins; bin++)
		most = Math.max(most, binTotal(totals, bin));

	const scale = (CHART_HEIGHT - 10) / most;

	for (let bin = 0; bin < bins; bin++) {
		const total = binTotal(totals, bin);

		if (!total)
			continue;
		context.fillStyle = colours.faint;
		context.fillRect(bin * BAR_WIDTH, CHART_HEIGHT, BAR_WIDTH - 1,
			-Math.max(1, total * scale));
		drawBar(context, counts, bin, scale, bin * BAR_WIDTH, colours);
	}
	return { bins, counts, most };
}

/* ---- Axis ---- */

/* Steps of seconds and more, as on a clock. */
const CLOCK_STEPS = [10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400,
	2 * 86400, 7 * 86400, 28 * 86400].map((seconds) => seconds * 1e9);

function tickStep(span, width) {
	const least = span / Math.max(1, width / 130);
	const power = 10 ** Math.floor(Math.log10(least));
	const clock = CLOCK_STEPS.find((step) => step >= least);

	if (least > 5e9 && clock)
		return clock;

	for (const times of [1, 2, 5, 10]) {
		if (times * power >= least)
			return Math.max(1, times * power);
	}
	return 10 * power;
}

/* As exact as the step needs; without hours if the step is in nanoseconds. */
function tickLabel(ns, step, hasDays) {
	const clock = clockText(ns);

	if (hasDays && step >= 60e9)
		return step >= 86400e9 ? timeText(ns).slice(0, 10)
			: timeText(ns).slice(5, 16).replace("T", " ");
	if (step >= 1e9)
		return clock.slice(0, 8);
	if (step >= 1e6)
		return clock.slice(0, 12);
	return "." + clock.slice(9, step >= 1e3 ? 15 : 18);
}

function drawAxis(canvas, width, events, view, colours) {
	const context = prepareCanvas(canvas, width, 18);
	const step = tickStep(view.to - view.from, width);
	/* round times of the day, not of the recording */
	const base = Number(events.base % 86400000000000n);
	const hasDays = events.hasDays();
	let time = Math.ceil((view.from + base) / step) * step - base;

	context.font = "11px " + getComputedStyle(document.body).fontFamily;
	context.fillStyle = colours.text;
	context.strokeStyle = colours.line;
	for (; time <= view.to; time += step) {
		const x = (time - view.from) / (view.to - view.from) * width;
		const label = tickLabel(events.base + BigInt(Math.round(time)), step, hasDays);

		context.fillRect(Math.round(x), 0, 1, 4);
		if (x + context.measureText(label).width + 4 < width)
			context.fillText(label, Math.round(x) + 4, 13);
	}
}

/* ---- Lanes ---- */

/* Spans of one lane and depth come in the order of time. Spans less than half a pixel apart become
 * one bar: so a million of them are some hundreds of bars. */
function drawSpans(context, width, lanes, view, colours) {
	const scale = width / (view.to - view.from);
	const tracks = Math.min(lanes.shown.length, MAX_LANES) * SPAN_DEPTHS;
	const from = new Float64Array(tracks).fill(-1), to = new Float64Array(tracks).fill(-1);
	const flush = (track) => {
		const y = Math.floor(track / SPAN_DEPTHS) * LANE_HEIGHT + 3 +
			track % SPAN_DEPTHS * 4;

		if (to[track] >= 0)
			context.fillRect(from[track], y, Math.max(1, to[track] - from[track]), 3);
	};

	context.fillStyle = colours.span;
	for (let i = 0; i < lanes.spanCount; i++) {
		const track = lanes.place[lanes.lane[i]] * SPAN_DEPTHS +
			Math.min(lanes.depth[i], SPAN_DEPTHS - 1);
		const left = Math.max(0, (lanes.start[i] - view.from) * scale);
		const right = Math.min(width, (lanes.end[i] - view.from) * scale);

		if (track >= tracks || right < 0 || left > width)
			continue;
		if (left < from[track] || left > to[track] + 0.5) {
			flush(track);
			from[track] = left;
			to[track] = right;
		} else if (right > to[track])
			to[track] = right;
	}
	for (let track = 0; track < tracks; track++)
		flush(track);
}

/* The highest level of each lane and pixel, plus 1. */
function lanePixels(events, rows, lanes, view, width) {
	const pixels = new Uint8Array(Math.min(lanes.shown.length, MAX_LANES) * width);
	const scale = width / (view.to - view.from);

	for (let i = events.lowerBound(rows, view.from); i < rows.length; i++) {
		const row = rows[i];
		const place = lanes.place[lanes.ofThread[events.thread[row]]];
		const level = events.sites[events.site[row]].level + 1;

		if (events.time[row] > view.to)
			break;

		const at = place * width + Math.min(width - 1,
			Math.floor((events.time[row] - view.from) * scale));

		if (at < pixels.length && pixels[at] < level)
			pixels[at] = level;
	}
	return pixels;
}

function drawLanes(canvas, width, events, rows, { lanes, waits }, view, colours) {
	const count = Math.min(lanes.shown.length, MAX_LANES);
	const context = prepareCanvas(canvas, width, count * LANE_HEIGHT);
	const columns = Math.max(1, Math.floor(width));
	const pixels = lanePixels(events, rows, lanes, view, columns);

	context.fillStyle = colours.line;
	for (let place = 0; place < count; place++)
		context.fillRect(0, (place + 1) * LANE_HEIGHT - 1, width, 1);
	drawSpans(context, width, lanes, view, colours);
	waits.draw(context, width, view, colours);
	/* warnings and errors are drawn last, and a little wider */
	for (const isLoud of [false, true]) {
		for (let at = 0; at < pixels.length; at++) {
			const level = pixels[at] - 1;

			if (level < 0 || (level >= LEVEL_WARN) !== isLoud)
				continue;

			const x = at % columns, y = Math.floor(at / columns) * LANE_HEIGHT;

			context.fillStyle = isLoud ? colours.levels[level] : colours.tick;
			context.fillRect(x, y + (isLoud ? 3 : LANE_HEIGHT - 7), isLoud ? 2 : 1,
				isLoud ? LANE_HEIGHT - 7 : 4);
		}
	}
}
