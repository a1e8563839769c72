#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# What bash completes, and from what.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our $lockctl;

need_device();

my %commands = lockctl('--help')->{out} =~ /^  ([a-z]+(?:-[a-z]+)?) +(\S.*)$/gm;

# What bash would complete a line to.
sub completed
{
	my ($line) = @_;
	my $script = <<'EOF';
. libuser/lockctl/lockctl.bash
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
_lockctl
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
EOF
	local $ENV{PATH} = "build/lockctl:$ENV{PATH}";
	my $said = run_as('root', '', 'bash', '-c', $script, 'bash', $line);

	return $said->{err} ? "error: $said->{err}" : set(split /\n/, $said->{out});
}

sub test_completion
{
	same(completed('lockctl '), [sort keys %commands, '--help', '--version'],
	     'commands_are_completed');
	same(completed('lockctl set'), ['set-capacity', 'set-note'], 'by_their_beginning');
	same(completed('lockctl run --'), [qw(--command --conflict-exit-code --help --no-fork --nonblock --timeout --verbose)],
	     'options_are_completed');
	same(completed('lockctl restore libuser/lockctl/lockctl.b'), ['libuser/lockctl/lockctl.bash'],
	     'files_are_completed');
	same(completed('lockctl restore --space x libuser/lockctl/lockctl.b'),
	     ['libuser/lockctl/lockctl.bash'], 'behind_options_too');
	same(completed('lockctl run x 1 env -w lockctl'), ['lockctl'],
	     'but_another_command_has_options_of_its_own');
	same(completed('lockctl list -o HELD_S'), ['HELD_SECONDS'], 'columns_are_completed');
	same(completed('lockctl list -o +LOCK,HELD_S'), ['+LOCK,HELD_SECONDS'], 'also_several');
	same(completed('lockctl who x 1 '), [], 'and_nothing_where_nothing_is_wanted');
}

sub test_completion_of_spaces
{
	my $space = new_space('complete', '--capacity', 8);

	must('create', "daemon:$space");
	forget_space("1:$space");
	must('allocate', $space, 3, 5);
	same(completed('lockctl list compl'), [$space], 'spaces_are_completed');
	# Of a word with a colon, readline replaces only what follows the colon.
	same(completed('lockctl list daemon:c'), [$space], 'those_of_others_too');
	same(completed("lockctl free $space "), [3, 5], 'ids_are_completed');
	same(completed("lockctl free $space 3 "), [3, 5], 'as_many_as_are_taken');
	same(completed("lockctl set-note $space "), [3, 5], 'or_just_one');
	same(completed("lockctl set-note $space 3 "), [], 'and_nothing_of_a_text');
	same(completed('lockctl restore --space compl'), [$space], 'an_option_may_take_a_space');
	test_completion_behind_options($space);
}

# Options, and what they take, are none of the words of which the usage speaks.
sub test_completion_behind_options
{
	my ($space) = @_;

	for my $command (sort keys %commands) {
		my $text = lockctl($command, '--help')->{out};
		my %options = $text =~ /^  (-\w), (--[a-z-]+) [A-Z]+ /gm;
		next if !%options || $text !~ /^Usage: .*\] \[?SPACE\b/;

		for my $kind ([keys %options], [values %options]) {
			my @names = sort @$kind;
			my $line = join(' ', 'lockctl', $command, (map { "$_ 5" } @names), 'compl');

			same(completed($line), [$space],
			     join('_', $command, 'has_its_space_behind', @names));
		}
	}
	same(completed("lockctl run $_ "), [], "what_${_}_takes_is_not_known") for qw(--timeout -E);
	same(completed("lockctl run --timeout 5 -E 9 $space "), [3, 5], 'and_ids_behind_that');
	same(completed("lockctl run --nonblock $space "), [3, 5],
	     'also_where_options_take_nothing');
}

test_completion();
test_completion_of_spaces();
done();
