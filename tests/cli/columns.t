#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Which columns the tables of lockctl have, how they look to programs that read lines, and
# which locks list shows.

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

# The words that a command with a table needs, and that end it.
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
	same((raw('list', '--output', '+WAITERS', $space))[0]->[-1], 'WAITERS', 'plus_adds_to_the_usual_ones');
	same((raw('list', '--output', '+LOCK', $space))[0], (raw('list', $space))[0],
	     'which_are_there_once');
	matches(must('list', '-o', 'LOCK,PROCESS_STATE', $space), qr/^LOCK PROCESS_STATE\n +1 \w+/,
		'what_people_are_not_shown_can_be_asked_for');
	matches(must('list', '-o', 'LOCK,HELD_SECONDS', $space), qr/^LOCK HELD FOR\n/,
		'headings_stay_those_for_people');
	fails(lockctl('list', '-o', 'LOCK,FOO', $space), 64,
	      qr/^lockctl: unknown column 'FOO': 'lockctl list --list-columns' lists them$/, 'names_are_checked');
	fails(lockctl('list', '-o', '', $space), 64, qr/unknown column ''/, 'there_must_be_one');
	fails(lockctl('list', '-J', '-o', 'held_by', $space), 64, qr/^lockctl: column 'held_by' is not in JSON$/,
	      'some_are_for_people_only');
	fails(lockctl('list', '-J', '-r'), 64, qr/exclude each other/, 'json_is_not_raw');
	fails(lockctl('list', '-O', '-o', 'LOCK'), 64, qr/exclude each other/, 'all_are_not_some');
}

# Whatever the first column is, waiters are below their lock.
sub test_json
{
	my ($row) = grep { $_->{lock} == 1 } @{rows('list', '-o', 'lock,pid', $space)};

	same([sort keys %$row], [qw(children lock pid)], 'json_has_the_columns_asked_for');
	same(fields($row->{children}, qw(lock pid)), ["1 $waiter->{pid}"], 'and_waiters_below_their_locks');
}

sub test_raw
{
	my ($headings, $first, $second) = raw('list', '-O', $space);
	my %cell;

	@cell{@$headings} = @$first;
	same(scalar(@$first), scalar(@$headings), 'no_cell_is_missing');
	same($cell{NOTE}, 'two\x20words', 'blanks_in_cells_are_escaped');
	matches($cell{HELD_SECONDS}, qr/^\d+\.\d{3}$/, 'times_are_seconds');
	same($cell{WAITED_SECONDS}, '-', 'what_is_missing_is_a_dash');
	same(scalar(@$second), scalar(@$headings), 'also_in_rows_without_a_waiter');
	lacks(must('list', '-r', $space), qr/allocated, but not in use/i, 'no_remark_is_around_it');
}

# On a terminal, which has 80 columns, and where there is none.
sub test_cut
{
	my $long = 'x' x 100;
	my $run = run_sleeper_called($long);

	lacks(must('list', $space), qr/$long/, 'long_commands_are_cut');
	matches(must('list', '--notruncate', $space), qr/$long/, 'not_with_notruncate');
	matches(must('list', '--raw', $space), qr/$long/, 'nor_with_raw');
	kill(TERM => $run->{command});
	waitpid($run->{pid}, 0);
	$run->{pid} = 0;
}

# Whoever ends lockctl alone leaves the command, and with it the lock.
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
	same(locks_shown('--pid', $waiter->{pid}), '1', 'and_what_it_waits_for');
	same(locks_shown('--pid', $idle->{pid}), '2', 'and_nothing_else');
	same(locks_shown('--all', '-p', 1), '', 'also_with_all');
	same(must('list', '--pid', 1, $space), "Process 1 holds no lock and waits for none.\n",
	     'it_says_so_if_there_is_none');
	lacks(must('list', '--pid', $idle->{pid}, $space), qr/more lock/, 'and_counts_no_others');
	fails(lockctl('list', '--pid', $_, $space), 64, qr/invalid process number '\Q$_\E'/, "pid_is_not_$_")
		for qw(0 x -1);
}

# For monitoring: what has lasted too long, and whether there is any.
sub test_longer_than
{
	my $late = start_holder('root', 'late', $place, 3);

	wait_until('a second has passed', sub { held_for(3) > 1 });
	my $last = start_holder('root', 'last', $place, 4);
	my ($limit, $said);
	# Both times go on. What is shorter than the limit afterwards was so before.
	do {
		$limit = held_for(3);
		$said = lockctl('list', '-r', '-n', '-o', 'LOCK', '--longer-than', $limit, $space);
	} until held_for(4) < $limit;
	same("$said->{status} $said->{out}", "1 1\n2\n3\n", 'longer_than_shows_what_has_lasted_and_fails');
	$said = lockctl('list', '--longer-than', 86400, $space);
	same("$said->{status} $said->{out}", "0 No lock has been held or waited for longer than 86400 seconds.\n",
	     'nothing_has_lasted_so_long');
	same(lockctl('list', '-l', 0, '--pid', 1, $space)->{status}, 0, 'all_conditions_must_hold');
	fails(lockctl('list', '-l', 'soon', $space), 64, qr/invalid time 'soon': not a number of seconds/,
	      'times_are_numbers');
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
	# As above.
	do {
		$limit = waited($long);
		$said = lockctl('list', '-r', '-n', '-o', 'LOCK,PID', '--pid', $long->{pid}, '-l', $limit,
				$space);
	} until held_for(10) < $limit;
	same("$said->{status} $said->{out}", "1 10 $next->{pid}\n", 'a_wait_that_lasts_counts');
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
