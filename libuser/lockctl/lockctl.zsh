#compdef lockctl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion for lockctl in zsh, installed as _lockctl. Commands and options come from
# lockctl's own help, the spaces from the system: nothing here needs to be kept up to date.

# _lockctl_offer TAG PATTERN: offers the lines of the help that match, each as a word and
# what it does.
_lockctl_offer()
{
	local line
	local -a offers match mbegin mend

	for line in $help; do
		[[ $line =~ $2 ]] || continue
		offers+=("${match[1]}:${match[-1]//:/\\:}")
	done
	_describe -t $1 ${1%s} offers
}

_lockctl_offer_options()
{
	_lockctl_offer options '^  -., (--[a-z-]+)( [A-Z]+)? +(.*)$'
}

_lockctl_offer_spaces()
{
	compadd -- ${${(f)"$(lockctl spaces --raw --noheadings --output SPACE 2>/dev/null)"}}
}

# What is allocated or in use in a space.
_lockctl_offer_ids()
{
	compadd -- ${(f)"$(lockctl list --all --raw --noheadings --output LOCK -- $1 2>/dev/null)"}
}

# The names of the columns, of which a list can be given.
_lockctl_offer_columns()
{
	compset -P '*,' || compset -P '+'
	compadd -S '' -- ${${(f)"$(lockctl $1 --list-columns 2>/dev/null)"}%% *}
}

# Sets argument to what the option before the current word takes, such as SPACE, or to
# nothing; sets plain to the words that are neither options nor arguments of options.
_lockctl_sort_words()
{
	local line word before=
	local -a match mbegin mend
	local -A takes

	for line in $help; do
		[[ $line =~ '^  (-.), (--[a-z-]+) ([A-Z]+) ' ]] || continue
		takes[$match[1]]=$match[3]
		takes[$match[2]]=$match[3]
	done
	for word in ${words[3,CURRENT-1]}; do
		if [[ -n $before ]]; then
			before=
		elif [[ $word == -* && ( $command != run || $#plain == 0 ) ]]; then
			before=${takes[$word]-}
		else
			plain+=("$word")
		fi
	done
	argument=$before
}

_lockctl()
{
	local command=${words[2]} argument= usage
	local -a help plain

	if ((CURRENT == 2)); then
		help=(${(f)"$(lockctl --help 2>/dev/null)"})
		_lockctl_offer commands '^  ([a-z][a-z-]*) +(.*)$'
		_lockctl_offer_options
		return
	fi
	help=(${(f)"$(lockctl $command --help 2>/dev/null)"})
	usage=${help[1]-}
	_lockctl_sort_words

	case $argument in
	SPACE)		_lockctl_offer_spaces; return ;;
	COLUMNS)	_lockctl_offer_columns $command; return ;;
	LINE)		_cmdstring; return ;;
	?*)		return ;;
	esac
	if [[ ${words[CURRENT]} == -* && ( $command != run || $#plain == 0 ) ]]; then
		_lockctl_offer_options
	elif (($#plain == 0)) && [[ $usage =~ '\] \[?SPACE' ]]; then
		_lockctl_offer_spaces
	elif (($#plain == 1)) && [[ $usage =~ 'SPACE \[?ID' ]] ||
		{ (($#plain > 1)) && [[ $usage =~ 'SPACE \[?ID\.\.\.' ]]; }; then
		_lockctl_offer_ids $plain[1]
	elif [[ $command == run ]]; then
		# The rest is a command line of its own.
		shift 4 words
		((CURRENT -= 4))
		_normal
	elif [[ $usage == *FILE* ]]; then
		_files
	fi
}

_lockctl "$@"
