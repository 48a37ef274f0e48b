/* SPDX-License-Identifier: MIT */
/*
 * The selected event, with all its data. A click makes a value a term of the filter.
 */

/* A key or a value as it must be written in an expression. */
function asWord(text, isKey) {
	const isBare = isKey ? /^[A-Za-z_][\w.]*$/.test(text) : /^[\w.:@/+-]+$/.test(text);

	return isBare ? text : "\"" + text.replace(/"/g, "\\\"") + "\"";
}

/* A value with characters of globs, escaped so that it means itself. */
function asValue(text) {
	return asWord(text.replace(/[\\*?[]/g, "\\$&"), false);
}

class Details {
	constructor(events, lanes, onTerm, onClose) {
		this.events = events;
		this.onTerm = onTerm;
		this.root = document.getElementById("details");
		document.getElementById("close").addEventListener("click", onClose);
	}

	fact(list, name, value, isMono) {
		const pair = element("div");

		pair.append(element("dt", "", name), element("dd", isMono ? "mono" : "", value));
		list.append(pair);
	}

	termButton(sign, title, term) {
		const button = element("button", "term", sign);

		button.type = "button";
		button.title = title + ": " + plain(term);
		button.setAttribute("aria-label", title + ": " + plain(term));
		button.addEventListener("click", () => this.onTerm(term));
		return button;
	}

	/* Texts, and the values of numbers. Text that was cut, or is not UTF-8, can't be a term. */
	termsOf(event, index) {
		const { events } = this;
		const field = events.siteOf(event).fields[index];
		const text = events.valueText(event, index);
		const cell = element("td", "terms");
		const isTaken = SUBJECTS.includes(field.key);
		const key = asWord(isTaken ? "fields." + field.key : field.key, true);

		if (field.key && text.length < 200 && !text.includes("\ufffd"))
			cell.append(this.termButton("=", "Only these", key + "=" + asValue(text)),
				this.termButton("\u2260", "Not these",
					"not " + key + "=" + asValue(text)));
		return cell;
	}

	fieldRow(event, index) {
		const { events } = this;
		const site = events.siteOf(event), field = site.fields[index];
		const row = element("tr");
		const isDuration = site.kind === KIND.SPAN_END && index === 0;
		const isCut = events.isCut(event, index);
		const text = plain(events.valueText(event, index));
		const value = element("td", "value", isDuration
			? events.shownValue(event, index) + " (" + text + " ns)"
			: text + (isCut ? "\u2026" : ""));

		value.classList.toggle("null", events.isNull(event, index));
		row.append(element("th", "", plain(field.key)), value,
			element("td", "type", TYPE_NAMES[field.type] + (isCut ? ", cut" : "")),
			this.termsOf(event, index));
		row.firstChild.scope = "row";
		return row;
	}

	facts(event) {
		const { events } = this;
		const site = events.siteOf(event), thread = events.threadOf(event);
		const list = document.getElementById("event-facts");

		list.replaceChildren();
		this.fact(list, "Time", timeText(events.realTime(event)), true);
		this.fact(list, "Source", plain(site.file || "?") + ":" + site.line, true);
		this.fact(list, "Function", plain(site.func) || "?", true);
		this.fact(list, "Target", plain(site.target), true);
		this.fact(list, "Probe", plain(site.probe), true);
		this.fact(list, "Thread", plain(thread.comm) + " " + thread.pid + "/" + thread.tid +
			(thread.nsTid ? ", in its namespace " + thread.nsPid + "/" + thread.nsTid
				: ""), true);
		this.fact(list, "Monotonic", grouped(events.monoTime(event)) + " ns", true);
	}

	show(event) {
		const { events } = this;

		this.root.hidden = event < 0;
		if (event < 0)
			return;

		const site = events.siteOf(event), level = LEVELS[site.level] || "?";
		const title = document.getElementById("event-title");

		title.replaceChildren(element("span", "chip " + level.toLowerCase(), level), " ",
			events.message(event));
		this.facts(event);
		document.getElementById("fields").replaceChildren(
			...site.fields.map((field, index) => this.fieldRow(event, index)));
		document.getElementById("no-fields").hidden = site.fields.length > 0;
	}
}
