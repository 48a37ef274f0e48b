#!/bin/sh
# SPDX-License-Identifier: MIT
# ttlog-view's command line: view.sh TTLOG-VIEW. Run from the top of the tree; needs no privileges.
view=${1:?usage: view.sh TTLOG-VIEW}
golden=tests/golden
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

fail()
{
	echo "view.sh: $*" >&2
	failed=1
}

# expect STATUS ARGUMENT...: output in $dir/out, messages in $dir/err
expect()
{
	wanted=$1
	shift
	"$view" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	[ "$status" = "$wanted" ] || fail "$*: status $status, not $wanted: $(cat "$dir/err")"
}

out_is()
{
	cmp -s "$dir/out" "$1" || fail "not $1: $(head -3 "$dir/out")"
}

out_lines()
{
	lines=$(wc -l <"$dir/out")
	[ "$lines" -eq "$1" ] || fail "$lines lines, not $1"
}

err_says()
{
	grep -q -- "$1" "$dir/err" || fail "'$1' is not in: $(cat "$dir/err")"
}

# Outputs
expect 0 $golden/golden.bin
out_is $golden/golden.txt
expect 0 --format json $golden/golden.bin
out_is $golden/golden.jsonl
expect 0 $golden/golden.bin --stats
out_is $golden/golden.stats.txt
expect 0 $golden/golden.bin --stats --group-by symbol,level --format json
out_is $golden/golden.stats.jsonl
expect 0 $golden/golden.bin --info --format json
out_is $golden/golden.info.json
expect 0 --info $golden/small.bin
grep -q '^  process     9 tick$' "$dir/out" || fail "--info of a process that runs: $(head -3 "$dir/out")"
expect 0 --info --format json $golden/golden.bin $golden/small.bin
out_lines 2
expect 0 --version
grep -q '^ttlog-view [0-9]' "$dir/out" || fail "--version says $(cat "$dir/out")"
expect 0 --help
for option in --filter --since --until --search --limit --head --format --counters --stats --group-by --info \
	--interactive --output --follow; do
	grep -q -- "$option" "$dir/out" || fail "--help says nothing of $option"
done
for option in --csv-formulas --explain --histogram --timeline --top --no-pager; do
	grep -q -- "$option" "$dir/out" || fail "--help says nothing of $option"
done

# Selection, options before and after the files
expect 0 $golden/golden.bin --filter level=ERROR --limit 100
out_lines 1
expect 0 --filter 'level>=WARN' $golden/golden.bin --filter 'symbol=*'
out_lines 2
expect 0 --filter 'level=ERROR or (symbol=* and not price=*)' $golden/golden.bin
out_lines 3
expect 0 --filter 'not (tid=1240 or has(symbol))' $golden/golden.bin
out_lines 3
expect 0 --filter 'ts>=-1s' $golden/golden.bin
out_lines 1
expect 0 --filter 'duration>=1ms' $golden/golden.bin
out_lines 1
expect 0 --filter 'latency_us>0.099ms and ts<05:59:59' $golden/golden.bin
out_lines 1
expect 0 --filter 'msg~(Disk|Giving) (.*full|up)' $golden/golden.bin
out_lines 2
expect 0 --search 'null pointer' $golden/golden.bin
out_lines 1
# the pattern can match a text in 3 to the power of its length ways
expect 1 --filter 'msg~^(.|.|.)*[\x01\x02]$ or level=ERROR' $golden/golden.bin
out_lines 1
err_says 'took too many steps on [0-9]* texts, taken as not matching'
# misspelt
expect 0 --filter 'symbl=AAPL and quantity>0' $golden/golden.bin
out_lines 0
err_says '^ttlog-view: symbl: no event has such a field'
expect 0 --filter 'has(symbl) or quantity=-5 or took=1ms or line=10' $golden/golden.bin
[ -s "$dir/err" ] && fail "of keys that there are: $(cat "$dir/err")"
for wrong in '--stats --group-by level,symbl' '--histogram symbl' '--format chrome --counters latency_us,symbl'; do
	expect 0 $wrong $golden/golden.bin
	err_says '^ttlog-view: symbl: no event has such a field'
	[ "$(wc -l <"$dir/err")" = 1 ] || fail "$wrong: $(cat "$dir/err")"
done
for right in '--stats --group-by level,target,probe,msg,file,func,line,pid' \
	'--stats --group-by tid,comm,duration,symbol,fields.symbol' '--histogram duration' '--histogram took' '--histogram latency_us' '--format chrome --counters latency_us'; do
	expect 0 $right $golden/golden.bin
	[ -s "$dir/err" ] && fail "$right: $(cat "$dir/err")"
done
expect 0 $golden/small.bin --head 3
out_lines 3
expect 0 --since -1s --until 2026-11-21T06:00:00Z $golden/golden.bin
out_lines 0
expect 0 --since -1s $golden/golden.bin
out_lines 1
expect 0 --since 05:59:58.125 $golden/golden.bin
out_lines 7
expect 0 $golden/overlap-first.bin $golden/overlap-second.bin
out_lines 15
expect 0 $golden/small.bin --limit 0
out_lines 0

# To a file, which must not be one of the snapshots
expect 0 $golden/golden.bin --format json -o "$dir/file"
out_lines 0
cmp -s "$dir/file" $golden/golden.jsonl || fail "-o wrote something else"
cp $golden/small.bin "$dir/copy.bin"
expect 1 "$dir/copy.bin" -o "$dir/copy.bin"
err_says 'one of the snapshots'
cmp -s "$dir/copy.bin" $golden/small.bin || fail "-o destroyed its input"
expect 1 $golden/small.bin -o "$dir/none/file"
err_says 'No such file'

# What cannot be read wholly: status 1, and the readable part is shown
head -c 560 $golden/small.bin >"$dir/cut.bin"
expect 1 "$dir/cut.bin"
out_lines 4
err_says 'there is no end'
expect 1 "$dir/missing.bin" $golden/small.bin
out_lines 8
err_says 'No such file'
expect 1 "$dir"
err_says 'directory'
mkfifo "$dir/fifo"
expect 1 "$dir/fifo"
err_says 'pipe'
expect 1 "$(printf '%s/\033[31m' "$dir")"
err_says '\\x1b\[31m'

# How a filter is understood; no file is read
cat >"$dir/explained" <<'END'
level >= WARN and (latency_us > 5ms or not symbol = "A*")

and
  level >= WARN                         level, by rank
  or
    latency_us > 5ms                    duration, 5000 us
    not
      symbol = "A*"                     text, by glob

tid = 3 or has(retry)

or
  tid = 3                               number
  has(retry)                            whether there is such a field

looked at once a site   level
looked at once a thread tid
looked at by time       -
columns decoded         latency_us, symbol
END
expect 0 --explain --filter 'level>=warn&&(latency_us>5ms||!symbol=A*)' --filter 'tid=3 or has(retry)' \
	"$dir/none"
out_is "$dir/explained"
expect 0 --explain --filter "$(printf '"\033[31m"=1')"
grep -q "$(printf '\033')" "$dir/out" && fail "--explain lets escapes through"
expect 2 --explain
err_says 'goes with --filter'

# Mistakes: status 2, with what and where
expect 2 --filter symbol $golden/small.bin
err_says 'no operator'
out_lines 0
expect 2 --filter 'symbol=AAPL and level=LOUD' $golden/small.bin
err_says 'no level'
err_says 'at character 23$'
err_says '^  symbol=AAPL and level=LOUD$'
err_says '^                        ^~~~$'
expect 2 --filter '(symbol=AAPL' $golden/small.bin
err_says '^  ^$'
expect 2 --explain --filter 'level=WARN symbol=AAPL'
err_says "'and' or 'or' is missing"
expect 2 --filter "$(printf '%040d' 0 | tr 0 '(')a=1" $golden/small.bin
err_says 'in one another'
expect 2 --search '(' $golden/small.bin
err_says 'regular expression'
expect 2 --since yesterday $golden/small.bin
err_says 'not a time'
expect 2 --limit many $golden/small.bin
expect 2 --limit 1 --head 1 $golden/small.bin
expect 2 --format xml $golden/small.bin
expect 2 --group-by level $golden/small.bin
expect 2 --stats --group-by , $golden/small.bin
expect 2 --stats --info $golden/small.bin
expect 2 --stats --timeline $golden/small.bin
err_says 'do not go together'
expect 2 --timeline --top 3 $golden/small.bin
err_says 'goes with --stats or --histogram'
expect 2 --histogram latency_us --format csv $golden/small.bin
expect 2 --histogram '' $golden/small.bin
expect 2 --info --limit 1 $golden/small.bin
expect 2 --nonsense
expect 2 --follow $golden/small.bin
err_says 'no FILE'
expect 2 --follow --limit 1
err_says 'it takes --head'
expect 2 --follow --since -1s
expect 2 --follow --stats
expect 2 --follow --format csv
err_says 'text, json or logfmt'
expect 2 --interactive $golden/small.bin
err_says 'needs a terminal'

# Control characters in arguments are shown, never sent to the terminal.
escape=$(printf '\033[31m')
for option in --format --limit --since --top --filter --search --group-by --counters; do
	expect 2 $option "$escape(" $golden/small.bin
	[ "$(tr -cd '\000-\010\013-\037' <"$dir/err")" ] && fail "$option: a control character in $(cat -v "$dir/err")"
done
for wrong in "--x$escape" "-$escape"; do
	expect 2 "$wrong"
	err_says '\\x1b'
done
expect 1 "$escape"
err_says '\\x1b\[31m: No such file'

# A reader that stops reading is no error; a full disk is one.
( "$view" $golden/golden.bin 2>"$dir/err"; echo $? >"$dir/status" ) | true
[ "$(cat "$dir/status")" = 0 ] || fail "| true: status $(cat "$dir/status")"
[ -s "$dir/err" ] && fail "| true: $(cat "$dir/err")"
"$view" $golden/golden.bin >/dev/full 2>"$dir/err"
[ $? = 1 ] || fail "/dev/full: no status 1"
err_says 'No space'

# No colours without a terminal; on one, unless NO_COLOR says so
grep -q "$(printf '\033')" $golden/golden.txt && fail "escapes in the text"
if command -v script >/dev/null; then
	TERM=xterm NO_COLOR='' script -qec "$view --no-pager $golden/small.bin" /dev/null >"$dir/out" </dev/null
	grep -q "$(printf '\033\\[32m')" "$dir/out" || fail "no colours on a terminal"
	TERM=xterm NO_COLOR=1 script -qec "$view --no-pager $golden/small.bin" /dev/null >"$dir/out" </dev/null
	grep -q "$(printf '\033')" "$dir/out" && fail "colours in spite of NO_COLOR"
fi

# The golden files are what the generator makes.
if /usr/bin/python3 -c 'import cbor2' 2>/dev/null && command -v lz4 >/dev/null; then
	/usr/bin/python3 -B tests/make_snapshot.py --check $golden || fail "golden files are stale"
fi

[ $failed = 0 ] && echo "view.sh: ok"
exit $failed
