/* SPDX-License-Identifier: MIT */
/*
 * Makes all elements of the page. Text stays text, whatever it contains.
 */

function element(tag, className, text) {
	const made = document.createElement(tag);

	if (className)
		made.className = className;
	if (text !== undefined)
		made.textContent = text;
	return made;
}

/* For classes with drawNow(): however often draw() is called, it draws once per frame. */
class Picture {
	draw() {
		if (this.pending)
			return;
		this.pending = requestAnimationFrame(() => {
			this.pending = 0;
			this.drawNow();
		});
	}
}
