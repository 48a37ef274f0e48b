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
	journalctl -b --no-pager -n 40 -u ttlog | sed 's/^/    /'
}

# await COMMAND...: repeats it until it succeeds, for at most two minutes.
await() {
	for ((tries = 0; tries < 1200; tries++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}

property() {
	systemctl show -P "$1" ttlog
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

test_reload() {
	local pid

	pid=$(property MainPID)
	echo 'level = info' >>/etc/ttlog/collect.conf
	systemctl reload ttlog || return
	[ "$(property MainPID)" = "$pid" ] && systemctl -q is-active ttlog
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
	await restarted
}

test_stop() {
	systemctl stop ttlog || return
	[ "$(property Result)" = success ] && [ "$(property ExecMainStatus)" = 0 ]
}

for name in ready directories crash core_dump reload watchdog stop; do
	if said=$(test_$name 2>&1); then
		ok "$name"
	else
		fail "$name: $said"
	fi
done
[ "$failed" != 0 ] || say PASS
systemctl poweroff --force --force
