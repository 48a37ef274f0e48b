#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs in the emulated machine, as a service. It says "ttlog-systemd: PASS" at the end if nothing
# failed, and switches the machine off.
failed=0

say() {
	echo "ttlog-systemd: $*"
}

ok() {
	say "ok      $*"
}

fail() {
	failed=$((failed + 1))
	say "FAILED  $*"
	journalctl -b --no-pager -n 40 -u ttlog -u ttlog-ship -u servers | sed 's/^/    /'
}

# await COMMAND...: repeats it until it succeeds, for at most two minutes.
await() {
	local end=$((SECONDS + 120))

	while ((SECONDS < end)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}

# property NAME [UNIT]
property() {
	systemctl show -P "$1" "${2:-ttlog}"
}

newest() {
	find /var/lib/ttlog -name 'ttlog-*-crash.bin' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-
}

test_ready() {
	await systemctl is-active ttlog || return
	[ "$(property StatusText)" = Recording ] && [ "$(property NRestarts)" = 0 ]
}

test_directories() {
	[ "$(stat -c '%U:%G %a' /var/lib/ttlog)" = "root:ttlog-read 750" ] && [ "$(stat -c '%G %a' /run/ttlog)" = "ttlog 750" ]
}

in_journal() {
	journalctl -t ttlog -o json --no-pager | grep -q "\"TTLOG_SIGNAL\":\"SIGSEGV\""
}

# The first look at a program's file takes a moment: the second run is recorded from its beginning.
test_crash() {
	local file

	systemd-run -q --wait --unit=victim1 /usr/local/bin/victim 1 1 SIG11
	systemd-run -q --wait --unit=victim2 /usr/local/bin/victim 1 1 SIG11
	await in_journal || return
	journalctl -t ttlog --no-pager | grep 'victim.* crashed: SIGSEGV' || return
	file=$(newest)
	[ "$(stat -c '%G %a' "$file")" = "ttlog-read 640" ] || return
	ttlog-view --info "$file" | grep 'SIGSEGV'
}

core_is_named() {
	ttlog-view --info "$(newest)" | grep '/var/lib/systemd/coredump/core.victim'
}

test_core_dump() {
	await core_is_named && core_is_named
}

# Members of the groups may still read files, and ask.
groups_stay() {
	test_directories && [ "$(stat -c '%G %a' "$(newest)")" = "ttlog-read 640" ]
}

test_reload() {
	local pid

	pid=$(property MainPID)
	echo 'level = info' >>/etc/ttlog/collect.conf
	systemctl reload ttlog || return
	[ "$(property MainPID)" = "$pid" ] && systemctl -q is-active ttlog && groups_stay
}

restarted() {
	[ "$(property NRestarts)" = 1 ] && systemctl -q is-active ttlog
}

# A collector that hangs is ended and started again.
test_watchdog() {
	mkdir -p /run/systemd/system/ttlog.service.d
	printf '[Service]\nWatchdogSec=10s\nTimeoutAbortSec=5s\n' >/run/systemd/system/ttlog.service.d/watchdog.conf
	systemctl daemon-reload && systemctl restart ttlog || return
	kill -STOP "$(property MainPID)"
	await restarted && groups_stay
}

# ---- the shipper ----

# ship_to BUCKET: with what /etc/default/ttlog-ship says.
ship_to() {
	echo "SHIP_OPTIONS=--to nats://127.0.0.1:4333/$1 --replicas 1 --audit-after 1ms --metrics 9465" >/etc/default/ttlog-ship
	systemctl restart ttlog-ship
}

# How many files it has sent to that bucket: from its page for Prometheus.
sent_to() {
	exec 3<>/dev/tcp/127.0.0.1/9465 || return
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
	sed -n "s|^ttlog_ship_sent_files_total{destination=\"nats://127.0.0.1:4333/$1\"} \([0-9]*\).*|\1|p" <&3
	exec 3>&-
}

# Each file was read back, and no other one.
all_shipped() {
	[ "$(ls /var/lib/ttlog-ship/shipped)" = "$(cd /var/lib/ttlog && ls ttlog-*.bin)" ]
}

others_have_all() {
	[ "$(sent_to others)" = "$(find /var/lib/ttlog -name 'ttlog-*.bin' | wc -l)" ] && all_shipped
}

# It has a user of its own, who may read the files, and no right beyond that.
test_ship_rights() {
	local pid

	systemd-run -q --unit=servers nats-server -a 127.0.0.1 -p 4333 -js -sd /run/servers
	ship_to crashes && await all_shipped || return
	[ "$(stat -c '%U:%G %a' /var/lib/ttlog-ship)" = "ttlog-ship:ttlog-ship 700" ] || return
	pid=$(property MainPID ttlog-ship)
	[ "$(stat -c %U "/proc/$pid")" = ttlog-ship ] || return
	[ "$(grep -c -E '^(Cap...:.0+|NoNewPrivs:.1|Seccomp:.2)$' "/proc/$pid/status")" = 7 ]
}

test_ship_crash() {
	systemd-run -q --wait --unit=victim3 /usr/local/bin/victim 1 1 SIG11
	await all_shipped && [ -e "/var/lib/ttlog-ship/shipped/$(basename "$(newest)")" ]
}

# The recorder may look into the shipper's directory.
test_keep_until_shipped() {
	echo 'keep-until-shipped = yes' >>/etc/ttlog/collect.conf
	systemctl restart ttlog || return
	! journalctl -b -u ttlog --no-pager | grep "can't read"
}

ship_restarted() {
	[ "$(property NRestarts ttlog-ship)" = 1 ] && systemctl -q is-active ttlog-ship
}

test_ship_killed() {
	kill -KILL "$(property MainPID ttlog-ship)"
	await ship_restarted && await all_shipped
}

# ask COMMAND...: by ttlog-fleet, the server, ttlog-ship, and the recorder's socket.
ask() {
	ttlog-ctl --at nats://127.0.0.1:4333 --as alice "$@"
}

# It is of the group ttlog. What changes something both must allow, and the journal says who asked.
test_ship_asked() {
	await ask status && ask status | grep ': collector [0-9]' || return
	! ask level info --for 1s || return
	echo 'allow = user:ttlog-ship=level' >>/etc/ttlog/collect.conf
	sed -i 's/$/ --allow level/' /etc/default/ttlog-ship
	systemctl restart ttlog ttlog-ship && await ask level info --for 1s || return
	journalctl -b -u ttlog-ship --no-pager | grep 'alice asks: level "info" --for 1s'
}

test_ship_options() {
	ship_to others && await others_have_all
}

test_ship_stop() {
	systemctl stop ttlog-ship || return
	[ "$(property Result ttlog-ship)" = success ] && [ "$(property ExecMainStatus ttlog-ship)" = 0 ]
}

test_stop() {
	systemctl stop ttlog || return
	[ "$(property Result)" = success ] && [ "$(property ExecMainStatus)" = 0 ]
}

for name in ready directories crash core_dump reload watchdog \
	ship_rights ship_crash keep_until_shipped ship_killed ship_asked ship_options ship_stop stop; do
	if said=$(test_$name 2>&1); then
		ok "$name"
	else
		fail "$name: $said"
	fi
done
[ "$failed" != 0 ] || say PASS
systemctl poweroff --force --force
