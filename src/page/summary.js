/* SPDX-License-Identifier: MIT */
/*
 * The facts of the snapshot, above and beside the events: which process died of what, where and
 * when; lost events and unreadable parts; the stack. All of it is as hostile as the events.
 */

const MAX_FRAMES = 1024;

function isObject(value) {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function arrayOf(value) {
	return Array.isArray(value) ? value.filter(isObject).slice(0, MAX_FRAMES) : [];
}

/* Makes sure that the parts of a file are objects. */
function tidyFile(file) {
	const info = isObject(file.info) ? file.info : {};

	for (const key of ["crash", "exit", "lost"])
		info[key] = isObject(info[key]) ? info[key] : null;
	return { ...file, info };
}

function processName(info) {
	return plain(info.service || info.comm || (info.exe || "").split("/").pop() || "A process");
}

/* The last part of a path; hovering shows all of it. */
function baseName(path) {
	return plain(String(path).split("/").pop());
}

/* Written as std::string: its full C++ name would push everything else out of sight. */
const STD_STRING = /std::(__cxx11::)?basic_string<char, std::char_traits<char>, std::allocator<char> ?>/g;

function withoutOffset(symbol) {
	return plain(String(symbol).replace(/\+0x[0-9a-f]+$/, "").replace(STD_STRING, "std::string"));
}

/* Whether a frame is of the program's own files, as in viewer/text/ending.c. Paths of the C library
 * are relative to its build; paths of the program may also be relative. */
function isOwn(frame, info) {
	if (!frame.file || /^\/usr\/include\//.test(frame.file))
		return false;
	return (info.exe && frame.module === info.exe) || !/^\.\.?\//.test(frame.file);
}

function frameName(frame) {
	return frame.symbol ? withoutOffset(frame.symbol) : "?";
}

function framePlace(frame) {
	return frame.file ? plain(frame.file) + (frame.line ? ":" + plain(frame.line) : "") : "";
}

/* ---- Heading ---- */

/* ", sent by systemd[1]" */
function senderText(info) {
	const { oom, sender } = info.exit || {};

	if (oom === true)
		return ", by the kernel: out of memory";
	if (!isObject(sender) || sender.pid === undefined)
		return "";
	return sender.pid === info.pid ? ", sent by itself"
		: ", sent by " + plain(sender.comm) + "[" + plain(sender.pid) + "]";
}

function endText(info) {
	if (info.crash || (info.exit && info.exit.signal))
		return "died of " + plain((info.crash || info.exit).signal ||
			(info.exit || {}).signal || "an unknown signal") + senderText(info);
	if (info.exit && "code" in info.exit)
		return "ended with status " + plain(info.exit.code);
	return "";
}

function causeText(file) {
	const { crash } = file.info;
	const address = file.has_address && crash.address ? ", address " + plain(crash.address)
		: "";

	if (!crash)
		return "";
	return (file.cause || ("code" in crash ? "code " + plain(crash.code) : "")) + address +
		(crash.stack_overflow === true ? ", stack overflow" : "") +
		(crash.reraised === true ? " (a handler raised a signal again)" : "");
}

/* "std::runtime_error: no such order" */
function exceptionText(crash) {
	const thrown = crash && isObject(crash.exception) ? crash.exception : {};

	return [thrown.type, thrown.what].filter((part) => part && typeof part === "string")
		.map(plain).join(": ");
}

/* The first frame of the program's own files: frames above it may be those of a library that
 * aborts. */
function whereParts(info) {
	const frames = arrayOf(info.crash && info.crash.frames);
	const own = frames.find((frame) => isOwn(frame, info)) || frames.find((frame) => frame.symbol);
	const parts = [];

	if (own)
		parts.push("in ", element("strong", "", frameName(own)), own.file ? " at " : "",
			element("span", "mono", framePlace(own)));
	if (info.crash && info.crash.thread !== undefined)
		parts.push(parts.length ? ", thread " : "thread ",
			element("strong", "", plain(info.crash.thread)),
			info.crash.tid ? " (" + plain(info.crash.tid) + ")" : "");
	return parts;
}

function localTime(text) {
	const date = new Date(String(text).replace(/(\.\d{3})\d*Z$/, "$1Z"));

	return Number.isNaN(date.getTime()) ? "" : date.toLocaleString() + " here";
}

function whenElement(text) {
	const shown = plain(text).replace("T", " ").replace(/(\.\d{3})\d*Z$/, "$1 UTC");
	const made = element("time", "", shown);

	made.title = localTime(text);
	return made;
}

function showHeading(file) {
	const { info } = file;
	const ended = endText(info);
	const isDead = ended.startsWith("died");
	const heading = document.getElementById("heading");
	const where = document.getElementById("where");
	const facts = document.getElementById("facts");
	const name = processName(info);
	const title = name + (ended ? " " + ended : info.reason
		? ", snapshot \u201c" + plain(info.reason) + "\u201d" : ", a snapshot");

	document.title = title;
	document.body.classList.toggle("dead", isDead);
	heading.replaceChildren(element("span", "", name),
		element("span", isDead ? "died" : "", title.slice(name.length)));
	where.replaceChildren(...whereParts(info));
	if (causeText(file))
		where.append(element("span", "cause", causeText(file)));
	if (exceptionText(info.crash))
		where.append(element("span", "cause", exceptionText(info.crash)));

	const parts = [["pid", info.pid], ["on", info.host], ["reason", info.reason]]
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => {
			const fact = element("span", "fact", name + " ");

			fact.append(element("b", "", plain(value)));
			return fact;
		});

	if (info.created_at)
		parts.push(whenElement(info.created_at));
	facts.replaceChildren(...parts);
}

/* ---- Missing parts ---- */

function lossText(lost) {
	const causes = Object.entries(lost).filter(([cause, count]) => cause !== "total" && count)
		.map(([cause, count]) => grouped(plain(count)) + " " + plain(cause));

	return grouped(plain(lost.total)) + " events were lost before they were recorded" +
		(causes.length ? " (" + causes.join(", ") + ")" : "") + ".";
}

function limitText(summary) {
	const held = Number(summary.held), count = summary.events;

	if (count >= held)
		return "";
	if (summary.limit !== undefined && count >= summary.limit)
		return "Only the last " + grouped(count) + " of the files\u2019 " + grouped(held) +
			" events are in this page; ttlog-view\u2019s --limit says how many.";
	return grouped(count) + " of the files\u2019 " + grouped(held) +
		" events are in this page; the others were left out by ttlog-view\u2019s options" +
		(summary.files.length > 1 ? ", or are the same events in another file." : ".");
}

/* Parts for which the header had no room. */
function leftOutText(left) {
	const words = { threads: " threads (their events have tid 0)", mappings: " mappings",
		sites: " sites (their events are lost)" };
	const parts = Object.keys(words).filter((key) => left[key] > 0)
		.map((key) => grouped(plain(left[key])) + words[key]);

	if (left.text_bytes > 0)
		parts.push("what texts of sites have beyond " + grouped(plain(left.text_bytes)) + " bytes");
	return parts.length ? "Left out of the header: " + parts.join(", ") + "." : "";
}

function showNotices(summary, files, decoded) {
	const list = document.getElementById("notices");
	const say = (kind, text, file) => {
		const item = element("li", kind);

		if (files.length > 1 && file)
			item.append(element("b", "mono", baseName(file.name) + ": "));
		item.append(text);
		list.append(item);
	};

	for (const file of files) {
		for (const problem of file.problems)
			say("bad", "Damaged: " + plain(problem), file);
		if (file.more_problems)
			say("bad", "and " + counted(file.more_problems, "problem") + " more", file);
		if (file.info.lost && file.info.lost.total)
			say("bad", lossText(file.info.lost), file);
		if (isObject(file.info.left_out) && leftOutText(file.info.left_out))
			say("bad", leftOutText(file.info.left_out), file);
	}
	if (decoded < summary.events)
		say("bad", "This page is damaged: " + counted(summary.events - decoded, "event") +
			" of it could not be read.");
	if (summary.unread)
		say("bad", counted(summary.unread, "file") + " could not be read at all.");
	if (limitText(summary))
		say("note", limitText(summary));
	list.hidden = !list.children.length;
}

/* ---- One file's section ---- */

function frameItem(frame, number, info) {
	const item = element("li", "frame" + (frame.symbol ? "" : " unknown") +
		(frame.file && !isOwn(frame, info) ? " foreign" : ""));
	const name = element("span", "symbol", frameName(frame));
	const under = element("span", "under");

	item.append(element("span", "number", "#" + number), name);
	if (frame.file)
		under.append(element("span", "mono", framePlace(frame)));
	else
		under.append(element("span", "mono", plain(frame.ip || "?")));
	if (frame.module)
		under.append(element("span", "module", " " + baseName(frame.module) +
			(frame.offset ? "+" + plain(frame.offset) : "")));
	item.append(under);
	item.title = [frame.ip, frame.symbol, frame.module, frame.build_id].filter(Boolean)
		.map(plain).join("\n");
	return item;
}

/* Why the frames end before the thread's first one. */
const CUTS = new Map([["frames", "more frames than are kept"],
	["stack", "the rest of the stack was not copied"]]);

/* The innermost frames, a gap, and the outermost ones. */
function frameList(frames, info, cut, outer) {
	const list = element("ol");

	list.append(...frames.map((frame, number) => frameItem(frame, number, info)));
	if (CUTS.has(cut))
		list.append(element("li", "gap", "\u2026 " + CUTS.get(cut)));
	list.append(...outer.map((frame, number) =>
		frameItem(frame, number - outer.length, info)));
	return list;
}

function stackSection(info) {
	const crash = info.crash || {};
	const frames = arrayOf(crash.frames);
	const section = element("section", "stack");

	section.append(element("h3", "", "Stack"),
		frameList(frames, info, crash.cut, arrayOf(crash.outer_frames)));
	return frames.length ? section : "";
}

/* The stacks of the other threads. */
function threadsSection(info) {
	const threads = arrayOf(info.crash && info.crash.threads);
	const section = element("details", "others");

	section.append(element("summary", "", "Stacks of the other threads (" + threads.length + ")"));
	for (const thread of threads) {
		const part = element("section", "stack");

		part.append(element("h4", "", plain(thread.thread) + " (" + plain(thread.tid) + ")"),
			frameList(arrayOf(thread.frames), info, "", []));
		section.append(part);
	}
	return threads.length ? section : "";
}

/* The open spans of each thread, the oldest first. */
function openSpansSection(info) {
	const spans = arrayOf(info.spans);
	const section = element("details", "open-spans");
	const list = element("ol");

	for (const span of spans) {
		const item = element("li");

		item.append(element("span", "symbol", plain(span.target) + ":" + plain(span.probe)),
			" since ", whenElement(plain(span.ts)), ", thread " + plain(span.comm) + " (" +
			plain(span.tid) + ")");
		list.append(item);
	}
	section.append(element("summary", "", "Spans that were open (" + spans.length + ")"), list);
	return spans.length ? section : "";
}

function registersSection(crash) {
	const registers = Object.entries(crash && isObject(crash.registers) ? crash.registers : {})
		.slice(0, 256);
	const section = element("details", "registers");
	const list = element("dl");

	for (const [name, value] of registers) {
		const pair = element("div", plain(value).length > 14 ? "long" : "");

		pair.append(element("dt", "", plain(name)), element("dd", "", plain(value)));
		list.append(pair);
	}
	section.append(element("summary", "", "Registers"), list);
	return registers.length ? section : "";
}

function factsOf(file) {
	const { info } = file;
	const count = (value) => value === undefined ? undefined : grouped(plain(value));

	return [["Program", info.exe], ["Command", info.comm], ["Build id", info.build_id],
		["Service", info.service], ["Process", info.pid], ["Uid", info.uid],
		["Host", info.host], ["Kernel", info.kernel], ["Reason", info.reason],
		["Ended", endText(info) || undefined], ["Taken", info.created_at],
		["First event", info.first_ts], ["Last event", info.last_ts],
		["Events", count(info.events)], ["Emitted", count(info.emitted)],
		["Recorded", count(info.recorded)], ["Overwritten", count(info.overwritten)],
		["Lost", info.lost ? count(info.lost.total) : undefined], ["File", file.name]]
		.filter(([, value]) => value !== undefined && value !== "");
}

function factsSection(file) {
	const section = element("details", "about");
	const list = element("dl");

	for (const [name, value] of factsOf(file)) {
		const pair = element("div");
		const shown = element("dd", "", plain(value));

		shown.title = plain(value);
		pair.append(element("dt", "", name), shown);
		list.append(pair);
	}
	section.open = !window.matchMedia("(max-width: 1000px)").matches;
	section.append(element("summary", "", "Snapshot"), list);
	return section;
}

/* A section of its own if there are several files. */
function fileSection(file, files) {
	const { info } = file;
	const isOnly = files.length === 1;
	const section = element(isOnly ? "div" : "details", "file");
	const hasHosts = files.some((other) => other.info.host !== info.host);

	if (!isOnly) {
		section.open = file === files[0];
		section.append(element("summary", "", [processName(info), plain(info.pid || ""),
			hasHosts && info.host ? "on " + plain(info.host) : "", endText(info)]
			.filter(Boolean).join(" ")));
	}
	section.append(stackSection(file.info), openSpansSection(file.info),
		threadsSection(file.info), registersSection(file.info.crash), factsSection(file));
	return section;
}

function showSummary(summary, files, decoded) {
	const main = files.find((file) => file.info.crash) || files[0];
	const sorted = [main, ...files.filter((file) => file !== main)];

	showNotices(summary, files, decoded);
	if (!main)
		return;
	showHeading(main);
	document.getElementById("files").replaceChildren(
		...sorted.map((file) => fileSection(file, sorted)));
}
