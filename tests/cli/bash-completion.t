#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion in bash.

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
	same(completed('lockctl set'), ['set-capacity', 'set-note'], 'a_prefix_is_completed_to_its_commands');
	same(completed('lockctl run --'), [qw(--command --conflict-exit-code --help --no-fork --nonblock --timeout --verbose)],
	     'options_are_completed');
	same(completed('lockctl restore libuser/lockctl/lockctl.b'), ['libuser/lockctl/lockctl.bash'],
	     'files_are_completed');
	same(completed('lockctl restore --space x libuser/lockctl/lockctl.b'),
	     ['libuser/lockctl/lockctl.bash'], 'files_are_completed_after_options');
	same(completed('lockctl run x 1 env -w lockctl'), ['lockctl'],
	     'the_command_to_run_has_its_own_options');
	same(completed('lockctl list -o HELD_S'), ['HELD_SECONDS'], 'columns_are_completed');
	same(completed('lockctl list -o +LOCK,HELD_S'), ['+LOCK,HELD_SECONDS'], 'several_columns_are_completed');
	same(completed('lockctl who x 1 '), [], 'nothing_is_offered_after_the_last_argument');
}

sub test_completion_of_spaces
{
	my $space = new_space('complete', '--capacity', 8);

	must('create', "daemon:$space");
	forget_space("1:$space");
	must('allocate', $space, 3, 5);
	same(completed('lockctl list compl'), [$space], 'spaces_are_completed');
	# Of a word with a colon, readline replaces only what follows the colon.
	same(completed('lockctl list daemon:c'), [$space], 'spaces_of_other_users_are_completed');
	same(completed("lockctl free $space "), [3, 5], 'ids_are_completed');
	same(completed("lockctl free $space 3 "), [3, 5], 'further_ids_are_completed_for_free');
	same(completed("lockctl set-note $space "), [3, 5], 'one_id_is_completed_for_set_note');
	same(completed("lockctl set-note $space 3 "), [], 'a_note_is_not_completed');
	same(completed('lockctl restore --space compl'), [$space], 'the_space_that_an_option_takes_is_completed');
	test_completion_after_options($space);
}

# Options and their arguments do not count as the arguments that the usage names.
sub test_completion_after_options
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
			     join('_', $command, 'completes_its_space_after', @names));
		}
	}
	same(completed("lockctl run $_ "), [], "argument_of_${_}_is_not_completed") for qw(--timeout -E);
	same(completed("lockctl run --timeout 5 -E 9 $space "), [3, 5], 'ids_are_completed_after_options_with_arguments');
	same(completed("lockctl run --nonblock $space "), [3, 5],
	     'ids_are_completed_after_options_without_arguments');
}

test_completion();
test_completion_of_spaces();
done();
