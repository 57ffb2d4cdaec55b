// SPDX-License-Identifier: BSD-2-Clause
/*
 * console.js - the page: the list of ports, and a terminal for each open one.
 *
 * Model
 *	/api/ports is asked each second, while the page is seen, and makes the
 *	cards.  The fragment says which ports are open (#gps+board): a card is a
 *	link that changes it, so that a window can be kept, sent, and gone back
 *	in.  An open port is a Pane: a websocket (websocket.c says what is said
 *	on it), a terminal, and buttons that show what the gateway has answered,
 *	never what was asked for.
 *
 *	Texts of the gateway become text nodes only.
 */
"use strict";

const LIST_MS = 1000;
const AGAIN_MS = 1500;
const SAVE_MAX = 8 << 20;
const PLAIN_MAX = 200000;
const SPEEDS = [300, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200,
	230400, 460800, 921600, 1000000, 1500000, 3000000];
const FORMATS = ["8N1", "8E1", "8O1", "8N2", "7E1", "7O1", "7N1", "7E2", "7N2"];
const KEYS = [["Esc", "\x1b"], ["Tab", "\t"], ["^C", "\x03"], ["^D", "\x04"],
	["^Z", "\x1a"], ["←", "\x1b[D"], ["↓", "\x1b[B"], ["↑", "\x1b[A"],
	["→", "\x1b[C"], ["⏎", "\r"]];

const panes = new Map();

function $(id) {
	return document.getElementById(id);
}

function make(id) {
	return $(id).content.firstElementChild.cloneNode(true);
}

function option(value) {
	const element = document.createElement("option");

	element.value = element.textContent = value;
	return element;
}

function amount(bytes) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let i = 0;

	for (; bytes >= 1000 && i < units.length - 1; i++)
		bytes /= 1000;
	return (i > 0 ? bytes.toFixed(1) : bytes) + " " + units[i];
}

// ---- xterm.js ----------------------------------------------------------

/* The module of that name, as CommonJS has it. */
const loaded = new Map();

function load(name) {
	const factory = xterm_modules[name];

	if (loaded.has(name))
		return loaded.get(name).exports;
	if (factory === undefined)
		throw new Error("there is no module " + name);
	const module = { exports: {} };
	const base = name.split("/").slice(0, -1);
	loaded.set(name, module);
	factory(wanted => {
		const path = base.slice();

		for (const part of wanted.replace(/\.js$/, "").split("/")) {
			if (part === "..")
				path.pop();
			else if (part !== ".")
				path.push(part);
		}
		return load(path.join("/"));
	}, module.exports, module);
	return module.exports;
}

/* xterm.js' class, or null: it is not installed, or not as we know it. */
function findTerminal() {
	for (const name of ["public/Terminal", "xterm"]) {
		try {
			const got = load(name);

			return got.Terminal || got;
		} catch (error) {
			loaded.clear();
		}
	}
	return null;
}

const Terminal = typeof xterm_modules === "object" ? findTerminal() : null;

/* A terminal in this element; said(text) is what is typed. */
class Xterm {
	constructor(element, said) {
		this.element = element;
		this.term = new Terminal({
			cols: 80, rows: 24, scrollback: 10000, fontSize: 14,
			fontFamily: '"DejaVu Sans Mono", Menlo, Consolas, monospace',
			cursorBlink: false,
			theme: { background: "#10141a", foreground: "#e6e9ee" },
		});
		this.term.open(element);
		if (this.term.onData)
			this.term.onData(said);
		else
			this.term.on("data", said);
		this.observer = new ResizeObserver(() => this.fit());
		this.observer.observe(element);
		this.observer.observe(element.querySelector(".xterm-screen"));
	}

	/*
	 * As many columns and rows as there is room for.  From 4.0 on xterm.js
	 * gives its screen another size when it draws next: until then there is
	 * nothing to reckon with, and then the observer calls again.
	 */
	fit() {
		const screen = this.element.querySelector(".xterm-screen");
		const style = getComputedStyle(this.element);
		const width = this.element.clientWidth - 16 -
		    parseFloat(style.paddingLeft);
		const height = this.element.clientHeight -
		    parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);

		if (!screen || !screen.offsetWidth || !screen.offsetHeight)
			return;
		const drawn = screen.offsetWidth + "x" + screen.offsetHeight;
		if (drawn === this.late)
			return;
		const cols = Math.floor(width * this.term.cols /
		    screen.offsetWidth);
		const rows = Math.floor(height * this.term.rows /
		    screen.offsetHeight);
		if (cols >= 2 && rows >= 1 && (cols !== this.term.cols ||
		    rows !== this.term.rows)) {
			this.late = drawn;
			this.term.resize(cols, rows);
		}
	}

	write(text) {
		this.term.write(text);
	}

	note(text) {
		this.term.write("\r\n\x1b[0;33m[" + text + "]\x1b[0m\r\n");
	}

	clear() {
		this.term.clear();
	}

	focus() {
		this.term.focus();
	}

	/* What is seen, for tests and for who has no eyes for a canvas. */
	text() {
		const buffer = this.term.buffer && this.term.buffer.active ||
		    this.term.buffer || this.term._core.buffer;
		const lines = [];

		for (let i = 0; i < (buffer.length || buffer.lines.length); i++)
			lines.push(buffer.translateBufferLineToString ?
			    buffer.translateBufferLineToString(i, true) :
			    buffer.getLine(i).translateToString(true));
		return lines.join("\n");
	}

	close() {
		this.observer.disconnect();
		(this.term.dispose || this.term.destroy).call(this.term);
	}
}

/* The same, without xterm.js: text, and a line to type in. */
class Plain {
	constructor(element, said) {
		const input = document.createElement("input");

		this.out = document.createElement("pre");
		this.out.tabIndex = 0;
		this.input = input;
		input.placeholder = "Type here, and press Enter";
		input.setAttribute("aria-label", "What to send");
		input.autocapitalize = input.autocomplete = "off";
		input.spellcheck = false;
		input.addEventListener("keydown", event => {
			if (event.key !== "Enter")
				return;
			said(input.value + "\r");
			input.value = "";
		});
		element.append(this.out, input);
	}

	write(text) {
		const end = this.out.scrollTop + this.out.clientHeight + 20 >=
		    this.out.scrollHeight;

		/* eslint-disable-next-line no-control-regex */
		text = text.replace(/\x1b\[[0-9;?]*[@-~]/g, "")
		    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "");
		this.out.textContent = (this.out.textContent + text)
		    .slice(-PLAIN_MAX);
		if (end)
			this.out.scrollTop = this.out.scrollHeight;
	}

	note(text) {
		this.write("\n[" + text + "]\n");
	}

	clear() {
		this.out.textContent = "";
	}

	focus() {
		this.input.focus();
	}

	text() {
		return this.out.textContent;
	}

	close() {
	}
}

// ---- an open port ------------------------------------------------------

class Pane {
	constructor(name) {
		this.name = name;
		this.state = null;
		this.socket = null;
		this.saved = [];
		this.size = 0;
		this.encoder = new TextEncoder();
		this.element = make("pane");
		this.element.dataset.port = name;
		this.part("h2").textContent = name;
		this.part(".format").append(...FORMATS.map(option));
		this.listen();
		this.keys();
		$("panes").append(this.element);
		this.term = new (Terminal ? Xterm : Plain)(this.part(".screen"),
		    text => this.send(text));
		if (!Terminal)
			this.term.note("xterm.js is not installed on the " +
			    "gateway's machine (Debian: node-xterm): this is " +
			    "plain text");
		this.show();
		this.connect();
		if (matchMedia("(max-width: 40rem)").matches)
			this.element.scrollIntoView();
		else
			this.term.focus();
	}

	part(selector) {
		return this.element.querySelector(selector);
	}

	// -- what is pressed

	listen() {
		const click = (selector, what) =>
		    this.part(selector).addEventListener("click", what);
		const change = (selector, key) => this.part(selector)
		    .addEventListener("change", event =>
			this.ask({ [key]: event.target.value }));

		change(".format", "format");
		change(".flow", "flow");
		this.part(".speed").addEventListener("change", event => {
			const speed = Number(event.target.value);

			if (Number.isInteger(speed) && speed > 0)
				this.ask({ speed: speed });
			else
				this.show();
		});
		for (const line of ["dtr", "rts"])
			click("." + line, () => this.ask({ [line]:
			    this.part("." + line).ariaPressed !== "true" }));
		click(".break", () => this.ask({ break: 250 }));
		click(".reset", () => this.ask({ reset: true }));
		click(".take", () => this.ask({ take: true }));
		click(".clear", () => this.term.clear());
		click(".save", () => this.save());
		this.part(".log").href = "api/ports/" + this.name + "/log";
		click(".close", () => toggle(this.name));
	}

	keys() {
		for (const [label, text] of KEYS) {
			const button = document.createElement("button");

			button.textContent = label;
			/* The keyboard on the screen stays. */
			button.addEventListener("pointerdown", event =>
			    event.preventDefault());
			button.addEventListener("click", () => this.send(text));
			this.part(".keys").append(button);
		}
	}

	save() {
		const link = document.createElement("a");
		const time = new Date().toISOString().replace(/[:.]/g, "-");

		link.href = URL.createObjectURL(new Blob(this.saved,
		    { type: "application/octet-stream" }));
		link.download = this.name + "-" + time + ".log";
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 10000);
	}

	// -- the websocket

	connect() {
		const url = new URL("api/ports/" + this.name + "/socket",
		    location.href);

		url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
		url.hash = "";
		this.decoder = new TextDecoder();
		this.socket = new WebSocket(url);
		this.socket.binaryType = "arraybuffer";
		this.socket.onmessage = event => this.heard(event.data);
		this.socket.onclose = () => this.lost();
	}

	lost() {
		if (this.closed)
			return;
		if (this.state !== null)
			this.term.note("the connection is lost; it is tried " +
			    "again");
		this.state = null;
		this.show();
		setTimeout(() => this.closed || this.connect(), AGAIN_MS);
	}

	heard(data) {
		if (typeof data === "string") {
			this.told(JSON.parse(data));
			return;
		}
		this.saved.push(data);
		this.size += data.byteLength;
		while (this.size > SAVE_MAX)
			this.size -= this.saved.shift().byteLength;
		this.term.write(this.decoder.decode(data, { stream: true }));
	}

	told(message) {
		if (message.state) {
			this.state = message.state;
			this.show();
		}
		if (message.note)
			this.term.note(message.note.trim()
			    .replace(/^\[devsw-gateway: /, "").replace(/]$/, ""));
		if (message.error)
			this.term.note(message.error);
		/* Who writes may have changed. */
		if (message.note)
			this.ask({});
	}

	open() {
		return this.socket.readyState === WebSocket.OPEN;
	}

	ask(command) {
		if (this.open())
			this.socket.send(JSON.stringify(command));
	}

	send(text) {
		const bytes = this.encoder.encode(text);

		if (!this.open() || this.state === null || !this.state.yours)
			return;
		for (let at = 0; at < bytes.length; at += 16384)
			this.socket.send(bytes.subarray(at, at + 16384));
	}

	// -- what is shown

	/* What others have changed. */
	update(port) {
		if (this.state === null)
			return;
		this.part(".log").hidden = !port.log;
		for (const key of ["there", "closed", "speed", "format", "flow", "dtr",
		    "rts", "writer"])
			this.state[key] = port[key];
		this.show();
	}

	lamps(state) {
		const where = this.part(".lamps");

		where.replaceChildren(...["cts", "dsr", "dcd", "ri"].map(name => {
			const lamp = document.createElement("span");

			lamp.className = state && state[name] ? "lamp on" : "lamp";
			lamp.textContent = name.toUpperCase();
			return lamp;
		}));
	}

	show() {
		const state = this.state;
		const mine = state !== null && state.yours;
		const set = (selector, value) => {
			const element = this.part(selector);

			element.disabled = !mine;
			if (document.activeElement !== element ||
			    element.tagName !== "INPUT")
				element.value = value;
		};

		this.element.classList.toggle("there", state !== null &&
		    state.there);
		this.part(".where").textContent = state === null ?
		    "no connection" : state.closed ? "closed" :
		    !state.there ? "away" : mine ? "" :
		    state.watch ? "you watch" : (state.writer || "nobody") +
		    " writes";
		this.part(".take").hidden = state === null || mine || state.watch;
		this.lamps(state);
		for (const button of [".break", ".reset"])
			this.part(button).disabled = !mine || !state.there;
		this.part(".reset").hidden = state === null || !state.reset;
		for (const line of ["dtr", "rts"]) {
			this.part("." + line).disabled = !mine;
			this.part("." + line).ariaPressed = String(state !== null &&
			    state[line] === true);
		}
		if (state === null)
			return;
		if (!FORMATS.includes(state.format) &&
		    ![...this.part(".format").options].some(
			one => one.value === state.format))
			this.part(".format").append(option(state.format));
		set(".speed", state.speed || "");
		set(".format", state.format);
		set(".flow", state.flow);
	}

	close() {
		this.closed = true;
		this.socket.close();
		this.term.close();
		this.element.remove();
	}
}

// ---- the list ----------------------------------------------------------

let known = [];

function openNames() {
	return location.hash.slice(1).split("+").filter(name => name !== "");
}

/* Open, or close: the fragment is changed, and the rest follows. */
function toggle(name) {
	const names = openNames();
	const at = names.indexOf(name);

	if (at === -1)
		names.push(name);
	else
		names.splice(at, 1);
	location.hash = names.join("+");
}

function follow() {
	const names = new Set(openNames().filter(
	    name => known.some(port => port.name === name)));

	for (const [name, pane] of panes) {
		if (!names.has(name)) {
			pane.close();
			panes.delete(name);
		}
	}
	for (const name of names) {
		if (!panes.has(name))
			panes.set(name, new Pane(name));
	}
	document.title = names.size > 0 ? [...names].join(", ") :
	    "Serial ports";
	showCards();
}

function card(port, element) {
	const set = (kind, text) => {
		const part = element.querySelector("." + kind);

		if (part.textContent !== text)
			part.textContent = text;
	};

	element.dataset.port = port.name;
	element.href = "#" + port.name;
	element.classList.toggle("there", port.there);
	element.classList.toggle("open", panes.has(port.name));
	set("name", port.name);
	set("where", port.there ? "there" : port.closed ? "closed" : "away");
	element.title = [port.adapter && port.adapter.name,
	    port.adapter && port.adapter.serial,
	    !port.there && port.left].filter(Boolean).join(", ");
	set("node", port.node);
	set("line", (port.speed || "?") + " " + port.format +
	    (port.flow === "none" || port.flow === "?" ? "" : " " + port.flow));
	set("clients", port.clients === 1 ? "1 client" : port.clients +
	    " clients");
	set("bytes", "in " + amount(port.received_bytes_total) + ", out " +
	    amount(port.sent_bytes_total) + (port.lost_bytes_total +
	    port.refused_bytes_total > 0 ? ", dropped " +
	    amount(port.lost_bytes_total + port.refused_bytes_total) : ""));
	return element;
}

function showCards() {
	const list = $("list");

	while (list.children.length > known.length)
		list.lastElementChild.remove();
	known.forEach((port, i) => {
		if (!list.children[i]) {
			const element = make("card");

			element.addEventListener("click", event => {
				if (event.ctrlKey || event.metaKey ||
				    event.shiftKey)
					return;		/* another window */
				event.preventDefault();
				toggle(element.dataset.port);
			});
			list.append(element);
		}
		card(port, list.children[i]);
	});
}

function say(text, bad) {
	$("status").textContent = text;
	$("status").classList.toggle("bad", bad);
}

async function look() {
	try {
		const answer = await fetch("api/ports");

		if (answer.status === 401)
			location.assign("login");
		if (!answer.ok)
			throw new Error(answer.status);
		const told = await answer.json();
		known = told.ports;
		$("logout").hidden = told.user === null;
		const there = known.filter(port => port.there).length;
		say(known.length + (known.length === 1 ? " port, " :
		    " ports, ") + there + " there", false);
		follow();
		for (const port of known) {
			if (panes.has(port.name))
				panes.get(port.name).update(port);
		}
	} catch (error) {
		say("the gateway does not answer", true);
	}
	setTimeout(seen, LIST_MS);
}

/* A page that nobody sees asks nothing. */
function seen() {
	if (document.hidden)
		document.addEventListener("visibilitychange", seen,
		    { once: true });
	else
		look();
}

$("speeds").append(...SPEEDS.map(option));
addEventListener("hashchange", follow);
seen();
