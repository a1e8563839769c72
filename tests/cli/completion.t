#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion in zsh and fish; bash is in bash-completion.t.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}

my $help = lockctl('--help')->{out};
my @commands = $help =~ /^  ([a-z]+(?:-[a-z]+)?) +\S/gm;
my @run_options = map { /^  -\w, (--[a-z-]+)/gm } lockctl('run', '--help')->{out};

# These replace the functions of zsh that offer words: they print the words that begin as the last
# word of the line does.
my $zsh = <<'EOF';
typeset -a words=("${(@s: :)1}")
CURRENT=$#words
prefix=$words[CURRENT]
offer()
{
	print -rl -- ${(M)@:#${prefix}*}
}
compset()
{
	[[ $prefix == ${~2}* ]] || return
	prefix=${prefix##${~2}}
}
compadd()
{
	while [[ $1 == -S ]]; do shift 2; done
	[[ $1 == -- ]] && shift
	offer "$@"
}
_describe()
{
	[[ $1 == -t ]] && shift 2
	offer "${(@)${(P@)2}%%:*}"
}
_files()
{
	offer ${prefix}*(N)
}
_normal()
{
	print -r -- normal: $words, $CURRENT
}
_cmdstring()
{
	print command string
}
. libuser/lockctl/lockctl.zsh
EOF

my %shells = (
	zsh => sub { run_as('root', '', 'zsh', '-fc', $zsh, 'zsh', $_[0]) },
	fish => sub {
		run_as('root', '', 'fish', '--no-config', '-c',
		       'source libuser/lockctl/lockctl.fish; complete --do-complete $argv[1]', $_[0]);
	},
);

# What a shell would complete a line to, without the descriptions that fish adds.
sub completed
{
	my ($shell, $line) = @_;

	local $ENV{PATH} = "build/lockctl:$ENV{PATH}";
	my $said = $shells{$shell}->($line);

	return $said->{err} ? "error: $said->{err}" :
	       set(map { s/\t.*//r } grep { length } split(/\n/, $said->{out}));
}

sub test_words
{
	my ($shell) = @_;

	same(completed($shell, 'lockctl '), set(@commands, '--help', '--version'),
	     "${shell}_completes_commands");
	same(completed($shell, 'lockctl set'), ['set-capacity', 'set-note'], "${shell}_completes_a_prefix_to_its_commands");
	same(completed($shell, 'lockctl --v'), ['--version'], "${shell}_completes_options_of_lockctl");
	same(completed($shell, 'lockctl run --'), set(@run_options), "${shell}_completes_options");
	same(completed($shell, 'lockctl list --output LOCK,HELD_S'),
	     [$shell eq 'zsh' ? 'HELD_SECONDS' : 'LOCK,HELD_SECONDS'], "${shell}_completes_columns");
	same(completed($shell, 'lockctl list -o HELD_S'), ['HELD_SECONDS'], "${shell}_completes_the_first_column");
	same(completed($shell, 'lockctl restore libuser/lockctl/lockctl.b'), ['libuser/lockctl/lockctl.bash'],
	     "${shell}_completes_files");
	same(completed($shell, 'lockctl restore --space x libuser/lockctl/lockctl.b'),
	     ['libuser/lockctl/lockctl.bash'], "${shell}_completes_files_after_options");
	same(completed($shell, 'lockctl who x 1 '), [], "${shell}_offers_nothing_after_the_last_argument");
	same(completed($shell, "lockctl run $_ "), [], "${shell}_does_not_complete_the_argument_of_$_")
		for qw(--timeout -E);
}

sub test_other_commands
{
	my ($shell) = @_;
	my $line = 'lockctl run x 1 cat -w libuser/lockctl/lockctl.b';

	same(completed($shell, $line),
	     [$shell eq 'zsh' ? 'normal: cat -w libuser/lockctl/lockctl.b, 3' :
				'libuser/lockctl/lockctl.bash'],
	     "${shell}_completes_the_command_to_run_as_that_command");
}

sub test_spaces
{
	my ($shell) = @_;

	if (! -c '/dev/lockmgr') {
		skip("${shell}_completes_spaces", 'there is no /dev/lockmgr');
		return;
	}
	my $space = new_space("complete-$shell", '--capacity', 8);

	must('allocate', $space, 3, 5);
	same(completed($shell, "lockctl list complete-$shell"), [$space], "${shell}_completes_spaces");
	same(completed($shell, "lockctl list --pid 5 -n complete-$shell"), [$space], "${shell}_completes_spaces_after_options");
	same(completed($shell, "lockctl restore --space complete-$shell"), [$space], "${shell}_completes_the_space_that_an_option_takes");
	same(completed($shell, "lockctl free $space "), [3, 5], "${shell}_completes_ids");
	same(completed($shell, "lockctl free $space 3 "), [3, 5], "${shell}_completes_further_ids_for_free");
	same(completed($shell, "lockctl set-note $space 3 "), [], "${shell}_does_not_complete_a_note");
}

for my $shell (sort keys %shells) {
	if (system("command -v $shell >/dev/null")) {
		skip("what_${shell}_completes", "there is no $shell");
		next;
	}
	test_words($shell);
	test_other_commands($shell);
	test_spaces($shell);
}
done();
