#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl run: command lines for a shell, and how a command learns that the last holder died.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our ($lockctl);

need_device();

my $space = new_space('shell');
my $show = 'echo "died: ${LOCKMGR_HOLDER_DIED-unset}"';

sub said
{
	my ($said) = @_;

	return "$said->{status} $said->{out}$said->{err}";
}

sub test_line
{
	same(said(lockctl('run', '-c', 'echo one; echo two | tr a-z A-Z; exit 7', $space, 1)), "7 one\nTWO\n",
	     'a_shell_runs_the_line');
	same(said(lockctl('run', '--command', 'echo $0', $space, 1)), "0 /bin/sh\n", 'the_shell_is_bin_sh');
	same(said(lockctl('run', $space, 1, '-c', 'echo a | cat')), "0 a\n", 'the_line_may_stand_where_flock_has_it');
	same(said(lockctl('run', $space, 1, '--command', 'echo b')), "0 b\n", 'the_long_option_may_stand_there_too');
	same(said(lockctl('run', '--no-fork', '-c', 'echo c', $space, 2)), "0 c\n", 'no_fork_runs_the_line');
	same(said(lockctl('run', $space, 1, '--', 'echo', '-c')), "0 -c\n", 'options_after_the_dashes_are_the_commands');
}

sub test_usage
{
	fails(lockctl('run', '-c', 'true', $space, 1, 'true'), 64, qr/unexpected argument 'true'/,
	      'line_and_command_exclude_each_other');
	fails(lockctl('run', $space, 1, '-c', 'true', 'x'), 64, qr/unexpected argument 'x'/, 'argument_after_the_line_is_refused');
	fails(lockctl('run', $space, 1, '-c'), 64, qr/no command to run/, 'missing_line_is_refused');
}

# Have a holder die with a lock.
sub let_die
{
	my ($id) = @_;

	end(start_holder('root', 'holder', "0:$space", $id));
}

sub test_died
{
	let_die(3);
	matches(said(lockctl('run', '-c', $show, $space, 3)), qr/^0 died: 1\nlockctl: the last holder/,
		'the_command_learns_that_the_last_holder_died');
	same(said(lockctl('run', '-c', $show, $space, 3)), "0 died: unset\n", 'only_the_first_command_learns_it');

	let_die(3);
	matches(said(lockctl('run', '--no-fork', '-c', $show, $space, 3)), qr/^0 died: 1\n/, 'command_without_a_fork_learns_it');

	# No holder of the inner lock, 4, has died.
	let_die(5);
	matches(said(lockctl('run', '-c', "$lockctl run $space 4 -- sh -c '$show'", $space, 5)),
		qr/^0 died: unset\n/, 'nested_run_reports_on_its_own_lock_only');
}

test_line();
test_usage();
test_died();
done();
