/* SPDX-License-Identifier: MIT */
/*
 * What all that is shown is made with. Text becomes text, whatever is in it.
 */

function element(tag, className, text) {
	const made = document.createElement(tag);

	if (className)
		made.className = className;
	if (text !== undefined)
		made.textContent = text;
	return made;
}

/* What has a drawNow(): however often it is asked to, it draws once a frame. */
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
