#!/bin/busybox sh
# SPDX-License-Identifier: MIT
#
# The first process of the emulated machine: it runs all tests, says "ttlog-kernels: PASS" at the end
# if nothing failed, and switches the machine off. Every line for the outside starts with
# ttlog-kernels:
export PATH=/ttlog:/ttlog/apps:/bin
APPS=/ttlog/apps
OUT=/tmp/snapshots
failed=0
test_arguments= # of the collector, in record()

say() {
	echo "ttlog-kernels: $*"
}

fail() {
	failed=$((failed + 1))
	say "FAIL $test: $*"
	[ ! -e log ] || sed 's/^/    collector: /' log
}

# Each test has its own directory.
begin() {
	test=$1
	failed_before=$failed
	mkdir -p "/tmp/$test"
	cd "/tmp/$test" || exit 1
	rm -rf "$OUT"
	read -r began _ </proc/uptime
}

end() {
	read -r now _ </proc/uptime
	[ "$failed" != "$failed_before" ] ||
		say "ok $test $(echo "$began $now" | awk '{ printf "%.1f s", $2 - $1 }')"
	cd / && rm -rf "/tmp/$test" "$OUT"
}

# await WHAT COMMAND...: repeats COMMAND until it succeeds, for at most 30 s.
await() {
	what=$1
	shift
	tries=600
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ "$tries" = 0 ]; then
			fail "$what did not come"
			return 1
		fi
		usleep 50000
	done
}

await_line() {
	await "\"$1\" in $2" grep -q -- "$1" "$2"
}

# accounts PID EVENTS: there is one line; all events were recorded, none lost.
accounts() {
	grep -q "^pid $1: $2 emitted, $2 recorded, 0 lost, 0 overwritten, " log ||
		fail "not exactly $2 events recorded of pid $1"
	[ "$(grep -c "^pid $1: " log)" = 1 ] || fail "more than one end of pid $1"
}

recorded_pid() {
	sed -n 's/.*recording pid \([0-9]*\) .*/\1/p' log | head -n 1
}

# record STATUS CMD...: runs `ttlog-collect -- CMD`, which must end with STATUS.
record() {
	wanted=$1
	shift
	timeout 60 ttlog-collect $test_arguments --on crash,killed,exit,request -b 16M -s 16M -o "$OUT" -- "$@" >said 2>log
	status=$?
	[ "$status" = "$wanted" ] || fail "$*: status $status, not $wanted"
}

# start_collector ARG...: starts it in the background, and waits until it says that it records.
start_collector() {
	# forget the output of an earlier one
	rm -f log
	ttlog-collect --on crash,killed,exit,request -b 16M -s 16M -o "$OUT" "$@" 2>log &
	collector=$!
	await_line "^ttlog-collect: recording" log
}

stop_collector() {
	kill -INT "$collector"
	wait "$collector" || fail "the collector ended with status $?"
}

only_snapshot() {
	set -- "$OUT"/*"$1".bin
	[ $# = 1 ] && [ -e "$1" ] || fail "not one snapshot but: $*"
	ttlog-view --format json "$1" >events || fail "$1 is not whole"
}

# Descriptor 5 writes to the fifo `in`. It is opened for reading and writing: else the open would
# wait for the reader, and an orphan's SIGCHLD would end that wait, and with it this shell.
open_input() {
	mkfifo in
	exec 5<>in
}

# How many different pairs of two fields there are.
count_pairs() {
	sed -n "s/.*\"$1\":\([0-9]*\),\"$2\":\([0-9]*\).*/\1 \2/p" events | sort -u | wc -l
}

test_check() {
	ttlog-collect --check >answers || fail "status $?"
	grep -q '^Recording is possible' answers || fail "recording is not possible"
	grep -q '^OK .*threads that end themselves (by a kprobe on do_exit)' answers ||
		fail "no word of the kprobe on do_exit"
	grep -q '^OK .*programs as they start' answers || fail "programs that start are not told"
	grep -q '^OK .*libraries as they are mapped' answers || fail "libraries are not told"
	case $(uname -r) in
	6.1.*)
		grep -q '^OK .*before an exec (by a kprobe on begin_new_exec)' answers ||
			fail "no word of the kprobe on begin_new_exec"
		grep -q '^missing .*uprobe_multi' answers || fail "uprobe_multi is not missing"
		;;
	*)
		grep -q '^OK .*before an exec (tracepoint sched_prepare_exec)' answers ||
			fail "no word of sched_prepare_exec"
		grep -q '^OK .*uprobe_multi' answers || fail "uprobe_multi is missing"
		;;
	esac
	[ "$failed" = "$failed_before" ] || cat answers
}

test_command() {
	record 0 trade 4 5000
	accounts "$(recorded_pid)" 20000
	only_snapshot exit
	[ "$(wc -l <events)" = 20000 ] || fail "$(wc -l <events) events in the snapshot"
}

test_pid() {
	open_input
	crash --wait 8 100 <in >said 2>&1 5>&- &
	victim=$!
	await_line start said
	start_collector -p "$victim"
	echo >&5
	await_line ready said
	kill -KILL "$victim"
	wait "$collector" || fail "the collector ended with status $?"
	exec 5>&-
	accounts "$victim" 800
	only_snapshot killed
	ttlog-view --format json --info "$OUT"/*killed.bin >info
	grep -q '"sender":{"pid":[0-9]*,"comm":"[a-z]*","uid":0}' info || fail "no sender: $(cat info)"
	[ "$(count_pairs thread event)" = 800 ] || fail "$(count_pairs thread event) different events"
}

test_path() {
	start_collector -e "$APPS/trade"
	trade 1 100 &
	first=$!
	trade 8 1000 &
	wait "$first"
	wait $!
	await_line "^pid $first: " log
	await_line "^pid $!: " log
	stop_collector
	accounts "$first" 100
	accounts $! 8000
}

# The first start is found, the second one is recorded from its beginning.
test_all() {
	start_collector --all
	await_line "^ttlog-collect: recording every marked program" log
	crash 8 100 >said &
	first=$!
	await_line "^ttlog-collect: recording .*/crash " log
	await_line ready said
	kill -KILL "$first"
	await_line "^pid $first: " log
	crash 8 100 SEGV >said &
	second=$!
	await_line "^pid $second: " log
	stop_collector
	accounts "$second" 800
	only_snapshot crash
}

# Of two processes of one file, that in the group.
test_cgroup() {
	mount -t cgroup2 groups /sys/fs/cgroup
	mkdir /sys/fs/cgroup/test.service
	open_input
	start_collector --cgroup /test.service
	sh -c 'echo $$ >/sys/fs/cgroup/test.service/cgroup.procs; exec crash --wait 8 100 SEGV' \
		<in >said 2>&1 5>&- &
	victim=$!
	await_line start said
	await_line "^ttlog-collect: recording pid $victim " log
	crash 8 100 SEGV >other
	echo >&5
	await_line ready said
	echo >&5
	await_line "^pid $victim: " log
	exec 5>&-
	stop_collector
	[ "$(grep -c '^pid ' log)" = 1 ] || fail "not one process: $(grep '^pid ' log)"
	accounts "$victim" 800
	only_snapshot crash
	ttlog-view --format json --info "$OUT"/*crash.bin >info
	grep -q '"cgroup":"/test.service","unit":"test.service"' info || fail "no unit: $(cat info)"
}

# death HOW STATUS REASON: 8 threads with 100 unflushed events each
death() {
	record "$2" crash 8 100 "$1"
	accounts "$(recorded_pid)" 800
	only_snapshot "$3"
	[ "$(count_pairs thread event)" = 800 ] ||
		fail "$1: $(count_pairs thread event) different events"
	rm -rf "$OUT"
}

test_deaths() {
	death SEGV 139 crash
	death ABRT 134 crash
	death STACK 139 crash
	death KILL 137 killed
	death TERM 143 killed
	death exit 3 exit
	death _exit 4 exit
	death main_exit 5 exit
	death exec 0 exit
}

# stack APP THREADS: checks the crashed thread's stack and registers.
stack() {
	record 139 "$1" "$2" 100 SEGV
	ttlog-view --format json --info "$OUT"/*crash.bin >info || fail "$1: status $?"
	for function in cause__do level3 level2 level1 crash__run; do
		grep -q "\"symbol\":\"$function[+\"]" info || fail "$1 $2: no $function: $(cat info)"
	done
	grep -q -e '"pc":"0x[0-9a-f]*[1-9a-f]' -e '"rip":"0x[0-9a-f]*[1-9a-f]' info ||
		fail "$1: no registers"
	rm -rf "$OUT"
}

# With frame pointers and without; with one thread and with many: above the stack of a single
# thread, more memory is readable.
test_stack() {
	for threads in 1 8; do
		stack crash $threads
		stack crash_nofp $threads
	done
}

# thrown_by APP HOW TYPE WHAT
thrown_by() {
	open_input
	"$APPS/$1" "$2" <in >said 2>&1 5>&- &
	victim=$!
	await_line start said
	start_collector -p "$victim"
	echo >&5
	wait "$collector" || fail "the collector ended with status $?"
	exec 5>&-
	ttlog-view --format json --info "$OUT"/*crash.bin >info || fail "$1: status $?"
	grep -q "\"exception\":{\"type\":\"$3\",\"what\":\"$4\"}" info || fail "$1 $2: $(cat info)"
	rm -rf "$OUT" in said
}

# what() returns a member of the library or of the program, or a constant: BPF reads the
# instructions of this machine.
test_thrown() {
	for app in thrown thrown_static; do
		thrown_by $app derived shop::no_stock "sold out"
		thrown_by $app own shop::own_text "of its own"
		thrown_by $app constant std::bad_alloc std::bad_alloc
		thrown_by $app tagged shop::tagged_error tagged
	done
}

test_early() {
	for app in early early_static; do
		record 0 "$APPS/$app"
		accounts "$(recorded_pid)" 12
		only_snapshot exit
		for probe in lib_constructor constructor main at_exit destructor lib_destructor; do
			grep -q "\"probe\":\"$probe\"" events || fail "$app: no $probe"
		done
		rm -rf "$OUT"
	done
}

# all_accounts EVENTS: the sum over all processes; none lost an event.
all_accounts() {
	total=$(sed -n 's/^pid .*: \([0-9]*\) emitted, \1 recorded, 0 lost, 0 .*/\1/p' log |
		awk '{ sum += $1 } END { print sum }')
	[ "$total" = "$1" ] || fail "$total of $1 events"
}

test_children() {
	record 0 children 4 2
	all_accounts 26
	record 0 sh -c "trade 1 10; exec trade 2 10"
	all_accounts 30
}

gates() {
	echo >&5
	tail -n 1 said | grep -qx "gates $1"
}

# In whatever way the collector ends, the semaphores go back to zero.
test_gates() {
	open_input
	"$APPS/gates" <in >said 2>&1 5>&- &
	victim=$!
	await "zeroes before" gates "0 0 0"
	start_collector -p "$victim"
	await "site and listening" gates "1 1 0"
	stop_collector
	await "zeroes after SIGINT" gates "0 0 0"
	rm log
	start_collector --immediate -p "$victim"
	await "immediate" gates "1 1 1"
	kill -KILL "$collector"
	wait "$collector"
	await "zeroes after SIGKILL" gates "0 0 0"
	exec 5>&-
}

# More sites than the limit of descriptors. The program under test must not see that limit raised.
test_sites() {
	ulimit -Sn 64
	record 0 many
	ulimit -Sn 1024
	accounts "$(recorded_pid)" 150
	grep -q "(150 sites)" log || fail "not 150 sites"
	grep -qx "files 64" said || fail "it was given another limit: $(cat said)"
}

# The two sums of the tally: events begun, events logged.
tally_sums() {
	od -A n -v -t u8 tally | awk '{ begun += $1; logged += $2 } END { print begun, logged }'
}

# kill THREADS EVENTS HOW: the number of recorded events must be that of the victim's own tally.
kill_one() {
	tally tally "$1" "$2" "$3" 2>/dev/null &
	victim=$!
	wait "$victim"
	await_line "^pid $victim: " log || return
	line=$(grep "^pid $victim: " log)
	set -- "$@" $(tally_sums) $(echo "$line" | sed 's/[^0-9][^0-9]*/ /g')
	# $4 begun $5 logged; $6 pid $7 emitted $8 recorded $9 lost
	events=$((events + $8))
	[ "$9" = 0 ] && [ "$8" = "$7" ] && [ "$8" -ge "$5" ] && [ "$8" -le "$4" ] ||
		fail "kill $1 threads, $2 events, $3: $5 to $4 logged, but $line"
}

test_kills() {
	kills=0 events=0 seed=1
	start_collector --max-snapshots 4 -e "$APPS/tally"
	while [ "$kills" -lt "${KILLS:-32}" ]; do
		for how in SEGV ABRT KILL TERM exit _exit exit_group exec; do
			seed=$(((seed * 1103515245 + 12345) % 2147483648))
			kill_one $((kills % 16 < 8 ? 1 : 8)) $((seed / 65536 % 1500)) "$how"
			kills=$((kills + 1))
		done
	done
	stop_collector
	say "$kills kills, $events events"
}

# The ways to die of `make stress`, without and with -- CMD.
test_stress() {
	mkdir -p /sys/fs/cgroup
	mount -t cgroup2 cgroup /sys/fs/cgroup
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	/ttlog/stress/runner --kills "${STRESS:-12}" --collector /ttlog/ttlog-collect >kills 2>&1 ||
		fail "$(grep -v ', .*, .*, ' kills)"
	say "$(tail -n 1 kills)"
}

# Killed at every instruction of an append.
test_steps() {
	/ttlog/stress/steps /ttlog/ttlog-collect pair >steps 2>&1 || fail "$(cat steps)"
	say "$(tail -n 1 steps)"
}

# A program that lies to the probe, and another program that must lose nothing.
lie() {
	open_input
	hostile "$1" <in >said 2>&1 5>&- &
	liar=$!
	mkfifo in_victim
	exec 6<>in_victim
	crash --wait 8 100 <in_victim >said_victim 2>&1 5>&- 6>&- &
	victim=$!
	await_line ready said
	await_line start said_victim
	start_collector -p "$liar,$victim"
	await_line "recording pid $liar " log
	await_line "recording pid $victim " log
	echo >&5
	echo >&6
	await_line "^done" said
	await_line ready said_victim
	timeout 20 ttlog-collect --trigger asked >asked || fail "$1: --trigger: status $?"
	kill -KILL "$victim"
	echo >&5
	await_line "^pid $liar: " log
	await_line "^pid $victim: " log
	wait "$collector" || fail "$1: the collector ended with status $?"
	accounts "$victim" 800
	exec 5>&- 6>&-
	rm -rf in in_victim said said_victim log asked "$OUT"
}

test_hostile() {
	for how in pointers heads records semaphores fault_batch; do
		lie "$how"
	done
}

# newest FILE: the wall clock's second of its last event
newest() {
	date -u -D %Y-%m-%dT%H:%M:%S -d "$(tail -n 1 "$1" | sed 's/.*"ts":"\([^.]*\).*/\1/')" +%s
}

# odd_times FILE: prints what is wrong with its events. n must count up from 0, and the wall clock's time of
# an event must go on as at_ns does, whose clock can't be set.
odd_times() {
	sed 's/.*"ts":"[^T]*T\([0-9]*\):\([0-9]*\):\([0-9.]*\)Z".*"n":\([0-9]*\),"at_ns":\([0-9]*\).*/\1 \2 \3 \4 \5/' "$1" |
		awk '{ day = $1 * 3600 + $2 * 60 + $3; off = day - $5 / 1e9 }
			NR == 1 { first = off }
			$4 != NR - 1 { print "n is " $4 " in line " NR; exit }
			# midnight may come between
			{ d = (off - first + 129600) % 86400 - 43200 }
			d > 1 || d < -1 { print "line " NR " is " d " s off"; exit }'
}

has_beats() {
	[ "$(grep -c '^beat' said)" = "$1" ]
}

# The wall clock is set while the collector records: on this machine that does no harm.
test_wall_clock() {
	open_input
	beat 0 100 <in >said 2>&1 5>&- &
	victim=$!
	await_line ready said
	start_collector -p "$victim"
	beats=0
	for step_s in 0 7200 -18000 1; do
		date -s "@$(($(date +%s) + step_s))" >/dev/null || fail "the clock can't be set"
		before=$(date +%s)
		beats=$((beats + 1))
		echo >&5
		await "beat $beats" has_beats "$beats"
		timeout 60 ttlog-collect --trigger asked >asked || fail "--trigger: status $?"
		ttlog-view --format json "$(cat asked)" >events || fail "$(cat asked) is not whole"
		[ "$(wc -l <events)" = $((beats * 100)) ] || fail "step $step_s: $(wc -l <events) events"
		wrong=$(odd_times events)
		[ -z "$wrong" ] || fail "step $step_s: $wrong"
		newest=$(newest events)
		[ "$newest" -ge $((before - 1)) ] && [ "$newest" -le $(($(date +%s) + 1)) ] ||
			fail "step $step_s: the last event is of $newest, it was logged at $before"
	done
	# most events are in several of the four files
	ttlog-view --format json "$OUT"/*.bin >events || fail "status $?"
	[ "$(wc -l <events)" = 400 ] || fail "$(wc -l <events) events in all files"
	kill -KILL "$victim"
	wait "$collector" || fail "the collector ended with status $?"
	exec 5>&-
	accounts "$victim" 400
}

# waited REASON: a slice of target sched has it.
waited() {
	grep '"probe":"off_cpu"' events | grep -q "\"reason\":\"$1\".*$2" || fail "no wait for $1 ($2)"
}

test_sched() {
	test_arguments=--sched
	record 0 waits </dev/null
	test_arguments=
	only_snapshot exit
	waited sleep '"syscall":"clock_nanosleep".*"woken_from":"interrupt"'
	waited lock '"syscall":"futex".*"woken_from":"task","waker":"holder"'
	waited preempted '"waker":null'
	grep -q '"probe":"signal".*"signal":"SIGUSR1".*"handled":true' events || fail "no signal"
}

# Probes that are not ours, in turn with marks.
test_foreign() {
	open_input
	foreign <in >said 2>&1 5>&- &
	victim=$!
	await_line ready said
	start_collector --usdt 'foreign:work(count:i64,negative:i32,text:str)' -p "$victim"
	echo both 500 >&5
	await_line ok said
	echo kill >&5
	wait "$collector" || fail "the collector ended with status $?"
	exec 5>&-
	accounts "$victim" 1000
	only_snapshot killed
	grep -q '"negative":-7,"text":"odd"' events || fail "no values"
	sed -n 's/.*"count":\([0-9]*\).*/\1/p' events | uniq -c | grep -qv '^ *2 ' && fail "not in turn"
}

# Each report has the stack of its own way: by_left, by_right, by_handler.
test_event_stack() {
	test_arguments="--stack error"
	record 143 reports 2 16 </dev/null
	test_arguments=
	only_snapshot killed
	grep '"probe":"report"' events >reports
	[ "$(wc -l <reports)" = 36 ] || fail "not 36 reports"
	for way in left right handler; do
		grep "\"way\":\"$way\"" reports | grep -v '"stack":.*"symbol":"report+[^"]*".*"symbol":"by_'"$way" >others
		[ ! -s others ] || fail "not the stack of $way: $(head -n 1 others)"
	done
}

# The kernel has logged nothing worse than information since the tests began.
test_dmesg() {
	# on a busy host, the machine's time may stop and then jump
	dmesg -r | grep -v -e 'hrtimer: interrupt took' -e 'RT throttling activated' >messages
	grep '^<[0-4]>' messages >warnings && {
		fail "the kernel warns"
		cat warnings
	}
	[ "$(cat /proc/sys/kernel/tainted)" = "$tainted" ] || fail "the kernel is tainted"
}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir /dev/shm
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
tainted=$(cat /proc/sys/kernel/tainted)
dmesg -c >/dev/null
echo
say "$(uname -srv)"
# The tests of an append's instructions are for x86.
case $(uname -m) in
x86_64) steps=steps ;;
*) steps= ;;
esac
for name in ${TESTS:-check command pid path all cgroup deaths stack thrown sched event_stack foreign early children gates sites kills stress $steps hostile wall_clock dmesg}; do
	begin "$name"
	"test_$name"
	end
done
[ "$failed" != 0 ] || say PASS
poweroff -f
