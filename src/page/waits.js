/* SPDX-License-Identifier: MIT */
/*
 * What threads waited for (--sched), as slices at the bottom of their lanes: as viewer/spans/waits.c
 * finds them. An event ends a wait, and says how long it was and why.
 */

const WAIT_REASONS = ["sleep", "lock", "disk", "preempted", "stopped"];
const WAIT_TOP = LANE_HEIGHT - 3;

class Waits {
	constructor(events, lanes) {
		const isWait = events.sites.map((site) => site.kind === KIND.PLAIN &&
			site.target === "sched" && site.probe === "off_cpu" &&
			site.fields.length > 1 && site.fields[0].key === "duration_ns" &&
			site.fields[0].type === TYPE.U64 && site.fields[1].key === "reason");

		this.events = events;
		this.lanes = lanes;
		this.rows = [];
		for (let row = 0; isWait.includes(true) && row < events.count; row++) {
			if (isWait[events.site[row]] && !events.isNull(row, 0))
				this.rows.push(row);
		}
	}

	start(row) {
		const { events } = this;
		const slot = events.slot(row, events.siteOf(row).fields[0]);

		return events.time[row] - events.number(slot, false);
	}

	lane(row) {
		return this.lanes.ofThread[this.events.thread[row]];
	}

	reason(row) {
		return this.events.valueText(row, 1);
	}

	/* The wait of a lane at that time; -1: none. */
	at(lane, time) {
		const { events } = this;
		const found = this.rows.find((row) => events.time[row] >= time &&
			this.lane(row) === lane);

		return found !== undefined && this.start(found) <= time ? found : -1;
	}

	/* For the pointer; "": none. */
	textAt(lane, time) {
		const row = this.at(lane, time);

		return row < 0 ? "" : ", off the CPU: " + plain(this.reason(row)) + " " +
			durationText(this.events.time[row] - this.start(row));
	}

	/* Slices of a lane come in the order of time. Those that begin in a pixel that is drawn are
	 * left out, unless they reach further. */
	draw(context, width, view, colours) {
		const { events, lanes } = this;
		const scale = width / (view.to - view.from);
		const drawn = new Float64Array(Math.min(lanes.shown.length, MAX_LANES)).fill(-1);

		for (const row of this.rows) {
			const place = lanes.place[this.lane(row)];
			const left = Math.max(0, (this.start(row) - view.from) * scale);
			const right = Math.min(width, (events.time[row] - view.from) * scale);

			if (place >= drawn.length || right < 0 || left > width ||
				right <= drawn[place])
				continue;
			context.fillStyle = colours.waits[WAIT_REASONS.indexOf(this.reason(row))] ||
				colours.tick;
			context.fillRect(left, place * LANE_HEIGHT + WAIT_TOP,
				Math.max(1, right - left), 2);
			drawn[place] = Math.max(right, left + 1);
		}
	}
}
