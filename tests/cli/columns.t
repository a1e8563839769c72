#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# The columns of lockctl's tables, their form for programs that read lines (--raw), and which
# locks list shows.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}

our ($lockctl);

need_device();

my @tables = qw(list who watch spaces);
my $space = new_space('columns', '--capacity', 16);
my $place = "0:$space";

# A command with the arguments that it needs to print a table and end.
sub command_line
{
	my ($command) = @_;

	return $command eq 'who' ? ($command, $space, 1) :
	       $command eq 'watch' ? ($command, '--count', 1, $space) :
	       $command eq 'list' ? ($command, $space) : ($command);
}

sub columns_of
{
	my ($command) = @_;

	return map { /^(\S+)/ ? $1 : () } split(/\n/, must($command, '--list-columns'));
}

# Lines of --raw, each as a reference to its cells.
sub raw
{
	return map { [split / /] } split(/\n/, must(@_, '--raw'));
}

my $holder = start_holder('root', 'holder', $place, 1);
my $waiter = start_waiter('root', 'waiter', $place, 1);
my $idle = start_holder('root', 'idle', $place, 2);
must('allocate', '--note', 'two words', $space, 1);
must('allocate', $space, 9);

sub test_names
{
	for my $command (@tables) {
		my @names = columns_of($command);
		my @line = command_line($command);
		my ($row) = @{rows(@line)};
		my @in_json = map { lc } grep { !/\b(HELD_BY|WAITING_BEHIND_IT)\b/ } @names;

		same([sort grep { $_ ne 'children' } keys %$row], [sort @in_json], "json_has_the_columns_of_$command");
		same((raw(@line, '--output-all'))[0], \@names, "${command}_prints_all_columns_under_their_names");
		for my $name (@names) {
			same([map { scalar @$_ } (raw(@line, '-o', lc $name))[0 .. 1]], [1, 1],
			     "${command}_prints_$name");
		}
	}
}

sub test_choice
{
	same(must('list', '-n', '-r', '-o', 'pid,LOCK', $space),
	     "$holder->{pid} 1\n$idle->{pid} 2\n", 'columns_come_in_the_order_asked_for');
	same((raw('list', '--output', '+WAITERS', $space))[0]->[-1], 'WAITERS', 'plus_adds_to_the_usual_columns');
	same((raw('list', '--output', '+LOCK', $space))[0], (raw('list', $space))[0],
	     'plus_does_not_repeat_a_usual_column');
	matches(must('list', '-o', 'LOCK,PROCESS_STATE', $space), qr/^LOCK PROCESS_STATE\n +1 \w+/,
		'columns_that_are_not_usual_can_be_chosen');
	matches(must('list', '-o', 'LOCK,HELD_SECONDS', $space), qr/^LOCK HELD FOR\n/,
		'chosen_columns_keep_their_headings_for_people');
	fails(lockctl('list', '-o', 'LOCK,FOO', $space), 64,
	      qr/^lockctl: unknown column 'FOO': 'lockctl list --list-columns' lists them$/, 'unknown_column_is_refused');
	fails(lockctl('list', '-o', '', $space), 64, qr/unknown column ''/, 'empty_list_of_columns_is_refused');
	fails(lockctl('list', '-J', '-o', 'held_by', $space), 64, qr/^lockctl: column 'held_by' is not in JSON$/,
	      'json_refuses_a_column_for_people');
	fails(lockctl('list', '-J', '-r'), 64, qr/exclude each other/, 'json_and_raw_exclude_each_other');
	fails(lockctl('list', '-O', '-o', 'LOCK'), 64, qr/exclude each other/, 'output_all_and_output_exclude_each_other');
}

# In JSON, waiters are children of their lock, whatever the first column is.
sub test_json
{
	my ($row) = grep { $_->{lock} == 1 } @{rows('list', '-o', 'lock,pid', $space)};

	same([sort keys %$row], [qw(children lock pid)], 'json_has_the_columns_asked_for');
	same(fields($row->{children}, qw(lock pid)), ["1 $waiter->{pid}"], 'waiters_are_children_of_their_lock');
}

sub test_raw
{
	my ($headings, $first, $second) = raw('list', '-O', $space);
	my %cell;

	@cell{@$headings} = @$first;
	same(scalar(@$first), scalar(@$headings), 'raw_rows_have_every_cell');
	same($cell{NOTE}, 'two\x20words', 'raw_escapes_blanks_in_cells');
	matches($cell{HELD_SECONDS}, qr/^\d+\.\d{3}$/, 'raw_times_are_seconds');
	same($cell{WAITED_SECONDS}, '-', 'raw_has_a_dash_for_an_empty_cell');
	same(scalar(@$second), scalar(@$headings), 'raw_rows_without_a_waiter_have_every_cell');
	lacks(must('list', '-r', $space), qr/allocated, but not in use/i, 'raw_prints_no_remarks');
}

# Commands are cut even where no terminal limits the width of the table.
sub test_cut
{
	my $long = 'x' x 100;
	my $run = run_sleeper_called($long);

	lacks(must('list', $space), qr/$long/, 'long_commands_are_cut');
	matches(must('list', '--notruncate', $space), qr/$long/, 'notruncate_does_not_cut');
	matches(must('list', '--raw', $space), qr/$long/, 'raw_does_not_cut');
	kill(TERM => $run->{command});
	waitpid($run->{pid}, 0);
	$run->{pid} = 0;
}

# lockctl run, with a command called NAME. Killing lockctl alone would not end the command, whose
# process id is {command}, and so would not release the lock.
sub run_sleeper_called
{
	my ($name) = @_;
	my $run = in_background('root', $lockctl, 'run', $space, 5, '--', 'sh', '-c',
				'echo $$; exec sleep 1000', $name);

	$run->{command} = 0 + readline($run->{from});
	return $run;
}

sub locks_shown
{
	return join(' ', map { $_->{lock} } @{rows('list', @_, $space)});
}

sub test_pid
{
	same(locks_shown('--pid', $holder->{pid}), '1', 'pid_shows_what_a_process_holds');
	same(locks_shown('--pid', $waiter->{pid}), '1', 'pid_shows_what_a_process_waits_for');
	same(locks_shown('--pid', $idle->{pid}), '2', 'pid_shows_no_other_lock');
	same(locks_shown('--all', '-p', 1), '', 'pid_limits_all_too');
	same(must('list', '--pid', 1, $space), "Process 1 holds no lock and waits for none.\n",
	     'pid_says_that_a_process_has_no_lock');
	lacks(must('list', '--pid', $idle->{pid}, $space), qr/more lock/, 'pid_does_not_count_other_locks');
	fails(lockctl('list', '--pid', $_, $space), 64, qr/invalid process number '\Q$_\E'/, "pid_${_}_is_refused")
		for qw(0 x -1);
}

# For monitoring: list shows what has lasted too long, and its status says whether there is any.
sub test_longer_than
{
	my $late = start_holder('root', 'late', $place, 3);

	wait_until('a second has passed', sub { held_for(3) > 1 });
	my $last = start_holder('root', 'last', $place, 4);
	my ($limit, $said);
	# Both times grow meanwhile. If lock 4 has not reached the limit after the call, it had not
	# during the call.
	do {
		$limit = held_for(3);
		$said = lockctl('list', '-r', '-n', '-o', 'LOCK', '--longer-than', $limit, $space);
	} until held_for(4) < $limit;
	same("$said->{status} $said->{out}", "1 1\n2\n3\n", 'longer_than_shows_what_has_lasted_and_exits_with_1');
	$said = lockctl('list', '--longer-than', 86400, $space);
	same("$said->{status} $said->{out}", "0 No lock has been held or waited for longer than 86400 seconds.\n",
	     'longer_than_says_that_nothing_has_lasted');
	same(lockctl('list', '-l', 0, '--pid', 1, $space)->{status}, 0, 'pid_and_longer_than_must_both_hold');
	fails(lockctl('list', '-l', 'soon', $space), 64, qr/invalid time 'soon': not a number of seconds/,
	      'time_that_is_not_a_number_is_refused');
	end($_) for $late, $last;
}

# The lock has a new holder, but a thread has waited for it for a long time.
sub test_long_wait
{
	my $first = start_holder('root', 'first', $place, 10);
	my $next = start_waiter('root', 'next', $place, 10);
	my $long = start_waiter('root', 'long', $place, 10);
	my ($limit, $said);

	wait_until('it has waited', sub { waited($long) > 2 });
	end($first);
	hear($next, 'inherited 10');
	# As in test_longer_than().
	do {
		$limit = waited($long);
		$said = lockctl('list', '-r', '-n', '-o', 'LOCK,PID', '--pid', $long->{pid}, '-l', $limit,
				$space);
	} until held_for(10) < $limit;
	same("$said->{status} $said->{out}", "1 10 $next->{pid}\n", 'longer_than_shows_a_lock_with_a_long_wait');
	end($_) for $next, $long;
}

sub held_for
{
	my ($id) = @_;

	return (map { $_->{held_seconds} } grep { $_->{lock} == $id } @{rows('list', $space)})[0];
}

sub waited
{
	my ($self) = @_;

	for my $row (@{rows('list', $space)}) {
		for my $child (@{$row->{children} // []}) {
			return $child->{waited_seconds} if ($child->{pid} // 0) == $self->{pid};
		}
	}
	return 0;
}

test_names();
test_choice();
test_json();
test_raw();
test_cut();
test_pid();
test_longer_than();
test_long_wait();
done();
