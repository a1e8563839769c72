# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion for lockctl in bash. Commands and options come from lockctl's own help, the
# spaces from the system: nothing here needs to be kept up to date.

# The words that `lockctl --help` lists below a heading.
_lockctl_commands()
{
	lockctl --help 2>/dev/null | sed -n '/^Commands:$/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

_lockctl_options()
{
	lockctl "$@" --help 2>/dev/null | sed -n 's/^  -., \(--[a-z-]*\).*/\1/p'
}

# The options of a command that take an argument, each with its argument: "--space SPACE".
_lockctl_arguments()
{
	lockctl "$1" --help 2>/dev/null |
		sed -n 's/^  \(-.\), \(--[a-z-]*\) \([A-Z][A-Z]*\) .*/\1 \3\n\2 \3/p'
}

_lockctl_spaces()
{
	lockctl spaces --noheadings 2>/dev/null | sed 's/[[:space:]].*//'
}

# The names of a command's columns, of which a list can be given.
_lockctl_columns()
{
	local before=''

	[[ $2 != *,* ]] || before=${2%,*},
	[[ $before || $2 != +* ]] || before=+
	lockctl "$1" --list-columns 2>/dev/null | sed "s/^\([A-Z_]*\) .*/$before\1/"
}

# What is allocated or in use in a space.
_lockctl_ids()
{
	lockctl list --all --json "$1" 2>/dev/null | sed -n 's/^ *"lock": \([0-9]*\),$/\1/p'
}

# _lockctl_takes_space COMMAND: whether its first word is the name of a space.
_lockctl_takes_space()
{
	lockctl "$1" --help 2>/dev/null | head -n 1 | grep -Eq '\] \[?SPACE\b'
}

_lockctl_takes_id()
{
	lockctl "$1" --help 2>/dev/null | head -n 1 | grep -Eq 'SPACE \[?ID\b'
}

# Whether it takes several ids.
_lockctl_takes_ids()
{
	lockctl "$1" --help 2>/dev/null | head -n 1 | grep -Eq 'SPACE \[?ID\.\.\.'
}

_lockctl_takes_file()
{
	lockctl "$1" --help 2>/dev/null | head -n 1 | grep -q 'FILE'
}

# _lockctl_compgen CURRENT WORDS: readline splits a name with a colon into several words and
# replaces only the last, so remove the others from the offers.
_lockctl_compgen()
{
	local current=$1 words=$2 before

	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
		before=${current%"${current##*:}"}
		COMPREPLY=("${COMPREPLY[@]#"$before"}")
	fi
}

# Set lockctl_words to the words of the line, not split at colons.
_lockctl_words()
{
	local line=${COMP_LINE:0:COMP_POINT}

	read -ra lockctl_words <<<"$line"
	[[ $line != *[[:space:]] ]] || lockctl_words+=("")
}

# _lockctl_sort_words COMMAND: sets words to the words of the line that are neither options
# nor arguments of options. If the last word is the argument of an option, sets argument to
# what that is, such as SPACE.
_lockctl_sort_words()
{
	local command=$1 word option what before=''
	local -A takes=()

	while read -r option what; do
		takes[$option]=$what
	done < <(_lockctl_arguments "$command")
	for word in "${lockctl_words[@]:2}"; do
		argument=${before:+${takes[$before]-}}
		before=''
		if [[ -n $argument ]]; then
			continue
		elif [[ $word == -* ]]; then
			before=$word
		else
			words+=("$word")
			# The options after that are another command's.
			[[ $command != run ]] || takes=()
		fi
	done
}

_lockctl()
{
	local lockctl_words=() words=() argument='' current command place

	_lockctl_words
	COMPREPLY=()
	current=${lockctl_words[-1]}
	command=${lockctl_words[1]-}
	if ((${#lockctl_words[@]} <= 2)); then
		_lockctl_compgen "$current" "$(_lockctl_commands) $(_lockctl_options)"
		return
	fi
	_lockctl_sort_words "$command"
	if [[ -n $argument ]]; then
		[[ $argument != SPACE ]] || _lockctl_compgen "$current" "$(_lockctl_spaces)"
		[[ $argument != COLUMNS ]] ||
			_lockctl_compgen "$current" "$(_lockctl_columns "$command" "$current")"
		return
	fi
	if [[ $current == -* ]]; then
		_lockctl_compgen "$current" "$(_lockctl_options "$command")"
		return
	fi

	place=${#words[@]}
	if ((place == 1)) && _lockctl_takes_space "$command"; then
		_lockctl_compgen "$current" "$(_lockctl_spaces)"
	elif ((place >= 2)) && _lockctl_takes_id "$command" &&
		{ ((place == 2)) || _lockctl_takes_ids "$command"; }; then
		_lockctl_compgen "$current" "$(_lockctl_ids "${words[0]}")"
	elif [[ $command == run ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
	elif _lockctl_takes_file "$command"; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -F _lockctl lockctl
