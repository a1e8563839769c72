#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl run: a command under a lock.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our ($lockctl, $patience);

need_device();

my $space = new_space('run');
my $place = "0:$space";

# Rows of the list that are about a lock.
sub lock_rows
{
	my ($id) = @_;

	return [grep { $_->{lock} == $id } @{rows('list', $space)}];
}

sub said
{
	my ($said) = @_;

	return "$said->{status} $said->{out}$said->{err}";
}

sub status_of
{
	my ($run) = @_;

	local $SIG{ALRM} = sub { die "$run->{name} does not end\n" };
	alarm($patience);
	waitpid($run->{pid}, 0);
	alarm(0);
	$run->{pid} = 0;
	return $? & 127 ? 128 + ($? & 127) : $? >> 8;
}

my $died = qr/lockctl: the last holder of lock \d of $space died: check what the lock protects\n/;

sub test_statuses
{
	same(said(lockctl('run', $space, 1, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7')),
	     "7 out\nerr\n", 'the_status_is_that_of_the_command');
	same(said(lockctl('run', $space, 1, 'echo', '--json', '-n')), "0 --json -n\n",
	     'options_of_the_command_are_its_own');
	same(said(lockctl('run', $space, 1, '--', 'sh', '-c', 'kill -TERM $$')), '143 ',
	     'a_signal_is_128_and_its_number');
	fails(lockctl('run', $space, 1, '--', '/no/such/command'), 127, qr/cannot run .*No such file/,
	      'a_command_that_is_not_there_is_127');
	fails(lockctl('run', $space, 1, '--', '/etc/passwd'), 126, qr/cannot run .*Permission denied/,
	      'one_that_cannot_be_run_is_126');
	same(scalar @{lock_rows(1)}, 0, 'the_lock_is_free_after_all_that');
}

sub test_usage
{
	my @cases = (
		[[$space, 1], qr/no command to run/],
		[[$space, 1, '--'], qr/no command to run/],
		[[$space], qr/something is missing/],
		[[$space, 'x', 'true'], qr/'x' is not the number of a lock/],
		[['--timeout', 'soon', $space, 1, 'true'], qr/'soon' is no number of seconds/],
		[['--timeout', 1, '--nonblock', $space, 1, 'true'], qr/exclude each other/],
		[['-E', 256, $space, 1, 'true'], qr/'256' is no exit status/],
		[['--no-such', $space, 1, 'true'], qr/'--no-such' is no option/],
		[[$space, 1048576, 'true'], qr/there is no lock 1048576/],
	);

	fails(lockctl('run', @{$_->[0]}), 64, $_->[1], "usage: @{$_->[0]}") for @cases;
	fails(lockctl('run', "x$space", 1, 'true'), 66, qr/there is no such space/,
	      'a_space_that_is_not_there_is_66');
}

sub test_conflict
{
	my $holder = start_holder('root', 'holder', $place, 2);
	my @command = ($space, 2, '--', 'echo', 'never');

	same(said(lockctl('run', '--nonblock', @command)), '1 ', 'nonblock_gives_up_with_1');
	same(said(lockctl('run', '-n', '-E', 99, @command)), '99 ', 'or_with_what_it_is_told');
	same(said(lockctl('run', '--timeout', '0.05', @command)), '1 ', 'so_does_a_timeout');
	same(said(lockctl('run', '-w', 0, '-E', 0, @command)), '0 ', 'which_may_be_0');

	end($holder);
	matches(said(lockctl('run', '--nonblock', $space, 2, 'echo', 'now')), qr/^0 now\n$died$/,
		'run_says_that_the_last_holder_died');
	same(said(lockctl('run', '--timeout', 10, $space, 2, 'echo', 'again')), "0 again\n",
	     'it_says_so_once');
}

sub test_held_meanwhile
{
	my $run = run_sleeper('root', $space, 3);

	same(fields(lock_rows(3), qw(state pid name)), ["held $run->{pid} lockctl"],
	     'the_lock_is_held_while_the_command_runs');
	same([grep { readlink($_) =~ /lockmgr/ } glob("/proc/$run->{command}/fd/*")], [],
	     'the_command_does_not_have_the_file');
	matches(lock_rows(3)->[0]{command}, qr/run $space 3 -- sh -c/, 'list_says_what_runs');

	my $second = in_background('root', $lockctl, 'run', $space, 3, '--', 'true');
	wait_until('a second waits', sub { waiters($place, 3) == 1 });
	kill(TERM => $run->{pid});
	same(status_of($run), 143, 'a_signal_is_passed_on_to_the_command');
	same(status_of($second), 0, 'who_waited_is_next');
}

# The command must not go on without the lock.
sub test_killed
{
	my $run = run_sleeper('root', $space, 4);

	kill(KILL => $run->{pid});
	same(status_of($run), 137, 'run_can_be_killed');
	wait_until('the command is gone', sub { state_of($run->{command}) =~ /[ZX]/ });
	matches(said(lockctl('run', '--nonblock', $space, 4, 'echo', 'next')), qr/^0 next\n$died$/,
		'the_lock_is_free_then_and_the_next_is_told');
}

sub test_signals_while_waiting
{
	my $holder = start_holder('root', 'holder', $place, 5);
	my $run = in_background('root', $lockctl, 'run', $space, 5, '--', 'true');

	wait_until('it waits', sub { waiters($place, 5) == 1 });
	kill(INT => $run->{pid});
	same(status_of($run), 130, 'who_waits_can_be_interrupted');
	same(waiters($place, 5), 0, 'and_waits_no_more');
	end($holder);
}

sub test_ignored_children
{
	my $said = run_as('root', '', '/usr/bin/perl', '-e', '$SIG{CHLD} = "IGNORE"; exec @ARGV',
			  $lockctl, 'run', $space, 6, '--', 'sh', '-c', 'exit 5');

	same(said($said), '5 ', 'the_status_comes_even_where_children_are_ignored');
}

# Several that count in a file, which goes wrong where two do it at once.
sub test_exclusion
{
	my $script = 'n=$(cat "$0"); sleep 0.01; echo $((n + 1)) >"$0"';
	chomp(my $file = qx(mktemp));

	write_file($file, "0\n");
	my @loops = map {
		my $pid = fork // die "fork: $!\n";
		if (!$pid) {
			for (1 .. 10) {
				lockctl('run', $space, 7, '--', 'sh', '-c', $script, $file);
			}
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. 3;
	waitpid($_, 0) for @loops;
	same(read_file($file), "30\n", 'commands_run_one_at_a_time');
	unlink($file);
}

test_statuses();
test_usage();
test_conflict();
test_held_meanwhile();
test_killed();
test_signals_while_waiting();
test_ignored_children();
test_exclusion();
done();
