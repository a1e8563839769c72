# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion for lockctl in fish. Commands and options come from lockctl's own help, the
# spaces from the system: nothing here needs to be kept up to date.

# The options that a help text lists, each with what it does.
function __lockctl_options
    string replace --regex --filter '^  -., (--[a-z-]+)(?: [A-Z]+)? +(.*)$' '$1\t$2' -- $argv
end

# The options that take an argument, each with its argument: "--space SPACE".
function __lockctl_arguments
    string replace --regex --filter '^  (-.), --[a-z-]+ ([A-Z]+) .*$' '$1 $2' -- $argv
    string replace --regex --filter '^  -., (--[a-z-]+) ([A-Z]+) .*$' '$1 $2' -- $argv
end

function __lockctl_spaces
    lockctl spaces --raw --noheadings --output SPACE 2>/dev/null
end

# What is allocated or in use in a space.
function __lockctl_ids
    lockctl list --all --raw --noheadings --output LOCK -- $argv[1] 2>/dev/null
end

# The names of the columns, of which a list can be given.
function __lockctl_columns
    set -l before (string match --regex '^(?:.*,|\+)' -- $argv[2])
    for name in (lockctl $argv[1] --list-columns 2>/dev/null | string replace --regex ' +' '\t')
        echo -- "$before"$name
    end
end

function __lockctl_complete
    set -l line (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    if test (count $line) -lt 2
        set -l help (lockctl --help 2>/dev/null)
        string replace --regex --filter '^  ([a-z][a-z-]*) +(.*)$' '$1\t$2' -- $help
        __lockctl_options $help
        return
    end

    set -l name $line[2]
    set -l help (lockctl $name --help 2>/dev/null)
    set -l arguments (__lockctl_arguments $help)
    # Words that are neither options nor arguments of options.
    set -l plain
    set -l argument
    for word in $line[3..-1]
        if test -n "$argument"
            set argument
        else if string match --quiet -- '-*' $word; and test $name != run -o (count $plain) -eq 0
            set argument (string replace --filter -- "$word " '' $arguments)
        else
            set --append plain $word
        end
    end

    switch "$argument"
        case SPACE
            __lockctl_spaces
            return
        case COLUMNS
            __lockctl_columns $name $current
            return
        case '?*'
            return
    end
    set -l place (count $plain)
    if string match --quiet -- '-*' $current; and test $name != run -o $place -eq 0
        __lockctl_options $help
    else if test $place -eq 0; and string match --quiet --regex '\] \[?SPACE\b' -- $help[1]
        __lockctl_spaces
    else if test $place -eq 1; and string match --quiet --regex 'SPACE \[?ID\b' -- $help[1]
        __lockctl_ids $plain[1]
    else if test $place -gt 1; and string match --quiet --regex 'SPACE \[?ID\.\.\.' -- $help[1]
        __lockctl_ids $plain[1]
    else if test $name = run
        # The rest is a command line of its own.
        complete --do-complete (string join -- ' ' $plain[3..-1] $current)
    else if string match --quiet -- '*FILE*' $help[1]
        __fish_complete_path $current
    end
end

complete --command lockctl --no-files --arguments '(__lockctl_complete)'
