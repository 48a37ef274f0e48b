# SPDX-License-Identifier: MIT
# bash completion for ttlog's programs. What there is comes from --help, so it is never out of date:
# the options, the word for what each takes, and the lists in their descriptions.

# Each option of that program on a line: its letter or -, its name, the word for what it takes.
_ttlog_options()
{
	"$1" --help 2>/dev/null |
		sed -n -E 's/^ +(-(.), +|)--([a-z0-9-]+)(\[?=([^] ]+)|).*/-\2 --\3 \5/p'
}

# ttlog-view's formats, ttlog-ctl's commands.
_ttlog_listed()
{
	case $1 in
	*-ctl) echo status list trigger level filter reload top ;;
	*) echo text json csv logfmt chrome otlp-json html ctf perfetto sentry schema ;;
	esac
}

# usage: _ttlog_values PROGRAM WORD: completes what an option takes, by the word that --help has.
_ttlog_values()
{
	local words=

	case $2 in
	DIR) compopt -o dirnames ;;
	FILE* | PATH*) compopt -o default ;;
	FORMAT) words=$([ "${1##*/}" = ttlog-ctl ] && echo json || _ttlog_listed "$1") ;;
	LEVEL* | SPEC*) words='trace debug info warn error fatal off' ;;
	LIST) words=$([ "${1##*/}" = ttlog-ship ] && echo status list trigger level none || echo crash killed exit request) ;;
	NAME) words=$(compgen -g) ;;
	PID*) words=$(cd /proc && echo [0-9]*) ;;
	*'|'*) words=${2//|/ } ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$3")
}

_ttlog()
{
	local program=$1 word=$2 before=$3 letter name takes

	COMPREPLY=()
	# --option=word comes in three parts
	[ "$word" != = ] || word=
	[ "$before" != = ] || before=${COMP_WORDS[COMP_CWORD - 2]}
	while read -r letter name takes; do
		if [ -n "$takes" ] && [[ $before = "$name" || $before = "$letter" ]]; then
			_ttlog_values "$program" "$takes" "$word"
			return
		fi
	done < <(_ttlog_options "$program")
	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "$(_ttlog_options "$program" | cut -d' ' -f2)" -- "$word") ;;
	*)
		[ "${program##*/}" = ttlog-ctl ] && [ "$COMP_CWORD" = 1 ] &&
			mapfile -t COMPREPLY < <(compgen -W "$(_ttlog_listed "$program")" -- "$word")
		compopt -o default 2>/dev/null
		;;
	esac
}

complete -F _ttlog ttlog-collect ttlog-view ttlog-ctl ttlog-ship
