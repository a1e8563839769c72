#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# A system that hangs, explained by lockctl alone: a chain of processes that wait, a
# cycle, a holder that is stopped, a holder that is dead.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our ($lockctl, $duration);

need_device();

my $space = new_space('wedged', '--capacity', 64);
my $place = "0:$space";

must('allocate', $space, 1 .. 8);

# The chain: backup holds 1, for which push waits, which holds 2, for which prune waits.
my $backup = start_holder('root', 'backup', $place, 1);
my $push = start_waiter('root', 'push', $place, 2, 1);
my $prune = start_waiter('root', 'prune', $place, 2);
my $pull = start_waiter('root', 'pull', $place, 1);

# The cycle: run holds 3 and waits for 4, rm holds 4 and waits for 3.
my $run = start('root', 'run', $place, 3, '-', 4);
hear($run, 'locked 3');
my $rm = start_waiter('root', 'rm', $place, 4, 3);
poke($run, "\n");
wait_until('run waits', sub { waiters($place, 4) == 1 });

# The stopped holder, and a process that waits for it.
my $export = start_holder('root', 'export', $place, 5);
my $import = start_waiter('root', 'import', $place, 5);
stop($export);

# Dead holders. Nobody waited for locks 6 and 9, so nobody has learned of the deaths yet; lock 9 is
# not allocated. A waiter has inherited lock 7.
my $commit = start_holder('root', 'commit', $place, 6);
end($commit);
my $lost = start_holder('root', 'lost', $place, 9);
end($lost);
my $dying = start_holder('root', 'dying', $place, 7);
my $heir = start_waiter('root', 'heir', $place, 7);
end($dying);
hear($heir, 'inherited 7');

# In seconds: nothing in this test has lasted longer.
sub age
{
	return time - $^T + 1;
}

sub pids
{
	return join(',', map { $_->{pid} } @_) || '-';
}

sub test_list
{
	my $rows = rows('list', $space);
	my @expected = (
		"1 yes held $backup->{pid} $backup->{pid} backup no no 2 " . pids($push, $pull),
		"2 yes held $push->{pid} $push->{pid} push no no 1 " . pids($prune),
		"3 yes held $run->{pid} $run->{pid} run yes no 1 " . pids($rm),
		"4 yes held $rm->{pid} $rm->{pid} rm yes no 1 " . pids($run),
		"5 yes held $export->{pid} $export->{pid} export no no 1 " . pids($import),
		"6 yes free - - - no yes 0 -",
		"7 yes held $heir->{pid} $heir->{pid} heir no no 0 -",
		"9 no free - - - no yes 0 -",
	);

	$_->{waiting} = pids(@{$_->{children} // []}) for @$rows;
	same(fields($rows, qw(lock allocated state pid tid name deadlock holder_died waiters waiting)),
	     \@expected, 'list_says_who_holds_what_and_who_waits');
	same(fields($rows->[0]{children}, qw(space lock state tid name process_state allocated deadlock)), [
		"$place 1 waiting $push->{pid} push sleeping - no",
		"$place 1 waiting $pull->{pid} pull sleeping - no",
	], 'list_says_as_much_of_waiters');
	same([grep { !($_->{waited_seconds} >= 0 && $_->{waited_seconds} <= age()) }
	      map { @{$_->{children} // []} } @$rows], [], 'list_says_how_long_they_have_waited');
	same([map { "$_->{lock} $_->{process_state}" } grep { $_->{pid} } @$rows],
	     ['1 sleeping', '2 sleeping', '3 sleeping', '4 sleeping', '5 stopped', '7 sleeping'],
	     'list_says_who_is_stopped');
	same([grep { $_->{space} ne $place } @$rows], [], 'list_names_the_space');
	same([grep { $_->{pid} && !($_->{held_seconds} > 0 && $_->{held_seconds} <= age()) } @$rows], [],
	     'list_says_how_long_locks_have_been_held');
	same($rows->[0]{command} =~ m{/helpers/actor backup \Q$place\E 1$} ? 'yes' : $rows->[0]{command},
	     'yes', 'list_has_the_whole_command');
	same(scalar @{rows('list', '--all', $space)}, 9, 'list_all_has_what_is_only_allocated');
}

sub test_list_for_people
{
	my $text = squeezed(must('list', $space));

	matches($text, qr/^SPACE LOCK ALLOCATED STATE HELD BY THREAD HELD FOR COMMAND WAITING BEHIND IT$/m,
		'list_has_headings');
	matches($text, qr/^$space 1 yes held $backup->{pid} backup $backup->{pid} $duration actor backup $place 1 $push->{pid} push for $duration$/m,
		'list_has_one_line_per_lock');
	matches($text, qr/^ $pull->{pid} pull for $duration$/m, 'list_has_the_other_waiters_below');
	matches($text, qr/^$space 4 yes deadlock $rm->{pid} /m, 'list_says_that_a_lock_is_in_a_deadlock');
	matches($text, qr/^$space 5 yes held, stopped $export->{pid} /m,
		'list_says_that_a_holder_is_stopped');
	matches($text, qr/^$space 6 yes free, holder died\s*$/m, 'list_says_that_a_holder_died');
	matches($text, qr/^Lock 5 of $space: process $export->{pid} \(export\) is stopped; to continue it: kill -CONT $export->{pid}$/m,
		'list_says_what_to_do_about_a_stopped_holder');
	matches($text, qr/^Deadlock: 2 locks will never be released; 'lockctl deadlocks' explains it\.$/m,
		'list_points_to_the_deadlock');
	matches($text, qr/^Lock 6 of $space: its last holder died; /m,
		'list_remarks_on_a_dead_holder');
	matches($text, qr/^$space 9 no free, holder died\s*$/m,
		'list_has_what_a_dead_holder_left_although_it_is_not_allocated');
	matches($text, qr/^Allocated, but not in use: 1 more lock, which --all lists\.$/m,
		'list_says_what_it_leaves_out');
	lacks(must('list', '--noheadings', $space), qr/HELD BY|deadlocks'/,
	      'noheadings_prints_only_the_rows');
}

sub test_who
{
	my $rows = rows('who', $space, 1);

	same(fields($rows, qw(role place pid tid process_state deadline deadlock name)), [
		"holder - $backup->{pid} $backup->{pid} sleeping - no backup",
		"waiter 1 $push->{pid} $push->{pid} sleeping no no push",
		"waiter 2 $pull->{pid} $pull->{pid} sleeping no no pull",
	], 'who_has_the_holder_then_the_waiters_in_order');
	same([grep { $_->{seconds} <= 0 || $_->{seconds} > age() } @$rows], [], 'who_says_for_how_long');
	matches(must('who', $space, 1),
		qr/^Lock 1 of $space is held by process $backup->{pid} \(backup\) for $duration; 2 wait for it\.\n/,
		'who_begins_with_a_sentence');
	matches(must('who', $space, 6), qr/^Lock 6 of $space is free; its last holder died without unlocking it\.$/,
		'who_says_that_a_holder_died');
	same(must('who', $space, 63), "Lock 63 of $space is free.\n", 'who_says_that_a_lock_is_free');
	same(scalar @{rows('who', $space, 63)}, 0, 'a_free_lock_has_no_tasks_in_json');
	fails(lockctl('who', $space, 64), 64, qr/^lockctl: space $space has no lock 64$/,
	      'who_refuses_a_lock_beyond_the_capacity');
	same([map { $_->{deadlock} ? 'yes' : 'no' } @{rows('who', $space, 3)}], ['yes', 'yes'],
	     'who_says_that_there_is_a_deadlock');
}

sub test_deadlocks
{
	my $said = lockctl('deadlocks');
	my $rows = rows('deadlocks');

	same($said->{status}, 1, 'a_deadlock_makes_the_status_1');
	same(fields($rows, qw(deadlock pid tid name holds_space holds_lock waits_for_space waits_for_lock)), [
		"1 $run->{pid} $run->{pid} run $place 3 $place 4",
		"1 $rm->{pid} $rm->{pid} rm $place 4 $place 3",
	], 'deadlocks_has_the_cycle_and_nothing_else');

	matches($said->{out}, qr/^Deadlock 1: 2 threads wait for each other\.
  process $run->{pid} \(run\)
    holds lock 3 of $space, for $duration
    waits for lock 4 of $space, for $duration, which process $rm->{pid} \(rm\) holds
  process $rm->{pid} \(rm\)
    holds lock 4 of $space, for $duration
    waits for lock 3 of $space, for $duration, which process $run->{pid} \(run\) holds
None of them can go on until one ends, for example by 'kill $run->{pid}' \(run\)\.
$/, 'deadlocks_spells_it_out');
}

# Nodes and edges, as Graphviz reads them.
sub test_graph
{
	my $said = run_as('root', must('graph', $space), 'dot', '-Tplain');

	same("$said->{status}$said->{err}", '0', 'graphviz_reads_the_graph');
	my @edges = map { /^edge ("[^"]*") ("[^"]*")/ ? "$1 $2" : () } split /\n/, $said->{out};
	s/"//g for @edges;

	my @expected = (
		(map { "$place $_->[0] thread $_->[1]{pid}" }
		 [1, $backup], [2, $push], [3, $run], [4, $rm], [5, $export]),
		(map { "thread $_->[1]{pid} $place $_->[0]" }
		 [1, $push], [1, $pull], [2, $prune], [3, $rm], [4, $run], [5, $import]),
	);
	same([sort @edges], [sort @expected], 'the_graph_has_who_holds_and_who_waits');
	same(scalar(() = $said->{out} =~ / red$| red /gm) >= 4, 1, 'the_cycle_is_red');
	matches(must('graph', '--all', $space), qr/lock 7 of $space/, 'graph_all_has_locks_without_waiters');
}

sub test_watch
{
	my $rows = rows('watch', '--count', 1, $space);

	same(fields($rows, qw(pid name lock holder_pid holder_name holder_state)), [
		"$push->{pid} push 1 $backup->{pid} backup sleeping",
		"$prune->{pid} prune 2 $push->{pid} push sleeping",
		"$pull->{pid} pull 1 $backup->{pid} backup sleeping",
		"$rm->{pid} rm 3 $run->{pid} run sleeping, deadlocked",
		"$run->{pid} run 4 $rm->{pid} rm sleeping, deadlocked",
		"$import->{pid} import 5 $export->{pid} export stopped",
	], 'watch_has_the_longest_waits_first');

	my $text = must('watch', '--count', 2, '--interval', '0.01', $space);

	same(scalar(() = $text =~ /^6 locks are held, 6 threads wait$/mg), 2, 'watch_prints_count_times');
	lacks($text, qr/\033/, 'watch_writes_no_escape_sequences_to_a_file');
}

sub test_watch_interrupted
{
	my $watch = in_background('root', $lockctl, 'watch', '--interval', 100, $space);

	matches(readline($watch->{from}) // '', qr/threads wait$/, 'watch_runs');
	kill(INT => $watch->{pid});
	waitpid($watch->{pid}, 0);
	$watch->{pid} = 0;
	same($?, 0, 'an_interrupted_watch_exits_with_0');
}

sub test_terminal
{
	my $red = qr/\033\[31m/;

	matches(on_terminal('', "$lockctl list $space")->{out}, $red, 'list_has_colours_on_a_terminal');
	lacks(on_terminal('', "NO_COLOR=1 $lockctl list $space")->{out}, $red, 'no_color_disables_colours');
	lacks(on_terminal('', "TERM=dumb $lockctl list $space")->{out}, $red, 'a_dumb_terminal_gets_no_colours');
	lacks(must('list', $space), $red, 'a_file_gets_no_colours');

	my $text = on_terminal('', "stty rows 6; $lockctl watch --count 1 $space")->{out};

	matches($text, qr/^\033\[H\033\[2J6 locks are held, 6 threads wait; the 2 that waited longest:\r$/m,
		'watch_clears_the_terminal_and_fits_it');
	same(scalar(() = $text =~ /\n/g), 4, 'watch_does_not_scroll_the_terminal');
}

# Without a space, root sees all spaces, this one among them.
sub test_all_spaces
{
	my @rows = grep { $_->{space} eq $place } @{rows('list')};

	same(scalar @rows, 8, 'list_without_a_space_has_all');
	my ($row) = grep { $_->{space} eq $place } @{rows('spaces')};
	same(fields([$row], qw(owner uid group gid mode capacity allocated held waiting)),
	     ['root 0 root 0 0600 64 8 6 6'], 'spaces_has_its_facts');
}

# Following lockctl's advice gets the locks moving again.
sub test_cure
{
	kill(CONT => $export->{pid});
	wait_until('export goes on', sub { state_of($export->{pid}) ne 'T' });
	same([map { $_->{process_state} } grep { $_->{lock} == 5 } @{rows('list', $space)}], ['sleeping'],
	     'a_holder_that_goes_on_is_not_stopped_any_more');

	end($run);
	hear($rm, 'inherited 3');
	my $said = lockctl('deadlocks');
	same($said->{status}, 0, 'a_broken_deadlock_makes_the_status_0');
	matches($said->{out}, qr/^No deadlock was found through locks, or holders that wait for descendants\.
4 threads wait; the longest wait is that of process $push->{pid} \(push\) for lock 1 of $space: $duration\.
It is held by process $backup->{pid} \(backup\), which is sleeping\.
$/, 'deadlocks_says_what_it_looked_at_and_who_waits_longest');

}

# A process may call itself anything.
sub test_hostile_name
{
	my $name = "\033[2J\n\"\\\xff\x7f";
	my $evil = start_holder('root', $name, $place, 40);
	my $shown = '\\x1b[2J\\x0a"\\\\xff\\x7f';

	same([map { $_->{name} } grep { $_->{lock} == 40 } @{rows('list', $space)}], [$shown],
	     'json_has_names_with_escapes');
	for my $command (['list', $space], ['who', $space, 40], ['graph', '--all', $space]) {
		lacks(must(@$command), qr/[^\n\t -~]/, "$command->[0]_writes_only_printable_characters");
	}
	same(run_as('root', must('graph', '--all', $space), 'dot', '-Tplain')->{err}, '',
	     'graphviz_reads_an_escaped_name');
	end($evil);
}

# Characters that are invisible or change the direction of text, in a name and in a command.
sub test_invisible_name
{
	my $evil = start_holder('root', "a\xe2\x80\xaeb\xef\xbb\xbf", $place, 42);
	my ($row) = grep { $_->{lock} == 42 } @{rows('list', $space)};

	same($row->{name}, 'a\\xe2\\x80\\xaeb\\xef\\xbb\\xbf', 'invisible_letters_are_spelled_out');
	matches($row->{command}, qr/ a\\xe2\\x80\\xaeb\\xef\\xbb\\xbf /, 'invisible_letters_of_the_command_are_spelled_out');
	end($evil);
}

# No terminal limits the width of a table that goes to a file.
sub test_width
{
	my $long = start('root', 'long', $place, 41, '-', ('40') x 100);
	hear($long, 'locked 41');
	my $text = must('list', $space);

	same([grep { length > 200 } split /\n/, $text], [], 'long_options_do_not_make_the_table_wide');
	matches(squeezed($text), qr/ actor long \Q$place\E 41 - 40 40[ 0-9]*\.\.\. ?$/m,
		'the_table_has_the_beginning_of_the_command');
	my ($row) = grep { $_->{lock} == 41 } @{rows('list', $space)};
	matches($row->{command}, qr/( 40){40}/, 'json_has_more_of_the_command');
	end($long);
}

# A holder that waits for a process that it has started, which waits for the lock.
sub test_descendant
{
	my $outer = in_background('root', $lockctl, 'run', $space, 17, '--', 'sh', '-c',
				  "$lockctl run $space 17 -- true; true");
	wait_until('the inner one waits', sub { waiters($space, 17) == 1 });
	my ($inner) = map { $_->{pid} } grep { $_->{role} eq 'waiter' } @{rows('who', $space, 17)};
	remember({ pid => $inner, name => 'inner' });

	my $said = lockctl('deadlocks');
	same($said->{status}, 1, 'a_possible_deadlock_makes_the_status_1');
	matches($said->{out}, qr/^Possible deadlock 1: a holder may wait for a process that it started\.
  process $outer->{pid} \(lockctl\)
    holds lock 17 of $space, for $duration
    is sleeping, waits for no lock, and is an ancestor of process $inner \(lockctl\)
  process $inner \(lockctl\)
    waits for lock 17 of $space, for $duration, which process $outer->{pid} \(lockctl\) holds
If it does, none of them can go on until one ends, for example by 'kill $inner' \(lockctl\)\.
$/, 'deadlocks_spells_a_possible_one_out');
	same(fields(rows('deadlocks'), qw(deadlock possible pid holds_lock waits_for_lock descendant_pid)), [
		"1 yes $outer->{pid} 17 - $inner",
		"1 yes $inner - 17 -",
	], 'json_has_the_steps_of_a_possible_one');
	same([map { $_->{lock} } grep { $_->{possible_deadlock} } @{rows('list', $space)}], [17],
	     'list_marks_its_lock');
	matches(must('list', $space), qr/^Possible deadlock: 1 lock is held by a process whose descendant waits; 'lockctl deadlocks' explains it\.$/m,
		'list_points_to_a_possible_one');
	matches(must('graph', $space), qr/^\t"thread $outer->{pid}" -> "thread $inner" \[label="ancestor of", style=dotted/m,
		'the_graph_has_the_ancestor_dotted');

	kill(TERM => $inner);
	waitpid($outer->{pid}, 0);
	$outer->{pid} = 0;
	same(scalar(grep { $_->{lock} == 17 && $_->{state} eq 'held' } @{rows('list', $space)}), 0,
	     'the_advice_on_a_possible_deadlock_helps');
}

# A holder and a waiter that are siblings; neither is an ancestor of the other.
sub test_sibling
{
	my $holder = run_sleeper('root', $space, 18);
	my $sibling = in_background('root', $lockctl, 'run', $space, 18, '--', 'true');
	wait_until('the sibling waits', sub { waiters($space, 18) == 1 });

	same(rows('deadlocks'), [], 'a_waiting_sibling_makes_no_deadlock');
	kill(TERM => $holder->{pid});
	waitpid($_->{pid}, 0), $_->{pid} = 0 for $holder, $sibling;
}

# A holder in a cgroup that is frozen.
sub test_frozen
{
	my $root = '/sys/fs/cgroup';
	my $mounted = -e "$root/cgroup.procs";
	my $group = "$root/frozen-$$";

	if (!$mounted && system("mount -t cgroup2 none $root 2>/dev/null")) {
		skip('a_frozen_holder_is_named', 'no cgroups of version 2');
		return;
	}
	my $frozen = start_holder('root', 'frozen', $place, 19);
	mkdir($group) or die "$group: $!\n";
	write_file("$group/cgroup.procs", "$frozen->{pid}\n");
	write_file("$group/cgroup.freeze", "1\n");
	wait_until('it is frozen', sub { read_file("$group/cgroup.events") =~ /^frozen 1$/m });

	my $text = squeezed(must('list', $space));
	matches($text, qr/^$space 19 no held, frozen /m, 'list_says_that_a_holder_is_frozen');
	matches($text, qr/^Lock 19 of $space: process $frozen->{pid} \(frozen\) is frozen by the freezer of its cgroup; to thaw it: echo 0 >\Q$group\E\/cgroup\.freeze$/m,
		'list_says_how_to_thaw_the_holder');
	my ($cure) = $text =~ /to thaw it: (.*)$/m;
	same(run_as('root', '', 'sh', '-c', $cure // 'false')->{status}, 0, 'the_advice_can_be_typed');
	same([map { $_->{process_state} } grep { $_->{lock} == 19 } @{rows('list', $space)}],
	     ['sleeping'], 'the_advice_thaws_the_holder');
	end($frozen);
	rmdir($group);
	system("umount $root") if !$mounted;
}

# lockctl prints no empty line after a table that nothing follows.
sub test_last_line
{
	my $quiet = new_space('quiet', '--capacity', 4);

	must('allocate', $quiet);
	lacks(must('list', '--all', $quiet), qr/\n\n/, 'no_empty_line_ends_the_table');
}

test_list();
test_list_for_people();
test_who();
test_deadlocks();
test_graph();
test_watch();
test_watch_interrupted();
test_terminal();
test_all_spaces();
test_cure();
test_hostile_name();
test_invisible_name();
test_width();
test_descendant();
test_sibling();
test_frozen();
test_last_line();
done();
