#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl as root and as two ordinary users: each sees its own spaces, and those that it may read.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our ($lockctl, %users);

need_device();

my ($private, $open, $shared) = map { "$_-$$" } qw(private open shared);

sub as
{
	my ($user, @arguments) = @_;
	my $said = lockctl_as($user, @arguments);

	die "lockctl @arguments as $user: $said->{status}: $said->{err}\n" if $said->{status};
	return $said->{out};
}

# Those of the test's spaces that lockctl shows to a user.
sub shown
{
	my ($user, $command) = @_;
	my %seen = map { $_->{space} => 1 } @{rows_as($user, $command)};

	return [grep { $seen{$_} } "0:$private", "1:$open", "1:$private", "5:$shared"];
}

sub make_spaces
{
	as('root', 'create', $private);
	as('daemon', 'create', $private);
	as('daemon', 'create', '--mode', '0604', $open);
	as('games', 'create', '--mode', '0666', $shared);
	forget_space($private, "1:$private", "1:$open", "5:$shared");
}

sub test_names
{
	same(as('daemon', 'allocate', $private), "0\n", 'a_name_alone_is_a_space_of_the_caller');
	same(as('root', 'allocate', "daemon:$private"), "1\n", 'a_user_in_front_is_the_owner');
	same(as('root', 'allocate', "1:$private"), "2\n", 'a_users_number_in_front_is_the_owner');
	same(as('root', 'allocate', $private), "0\n", 'the_same_name_of_another_user_is_another_space');
	fails(lockctl('list', "no-such-user:$private"), 66, qr/unknown user 'no-such-user'/,
	      'an_unknown_user_is_refused');
}

sub test_shown
{
	start_holder('root', 'boss', "0:$private", 1);
	start_holder('daemon', 'work', "1:$private", 1);
	start_holder('daemon', 'show', "1:$open", 1);
	start_holder('games', 'play', "5:$shared", 1);

	for my $command (qw(spaces list)) {
		same(shown('root', $command), ["0:$private", "1:$open", "1:$private", "5:$shared"],
		     "root_sees_all_in_$command");
		same(shown('daemon', $command), ["1:$open", "1:$private", "5:$shared"],
		     "a_user_sees_own_and_open_spaces_in_$command");
		same(shown('games', $command), ["1:$open", "5:$shared"],
		     "another_user_sees_own_and_open_spaces_in_$command");
	}
	matches(as('games', 'list'), qr/^daemon:$open /m, 'spaces_of_others_are_shown_with_their_owner');
	matches(as('daemon', 'list'), qr/^$open /m, 'own_spaces_are_shown_without_owner');
}

sub test_refused
{
	fails(lockctl_as('games', 'list', "daemon:$private"), 77, qr/permission denied/,
	      'a_private_space_cannot_be_listed');
	fails(lockctl_as('games', 'who', "daemon:$private", 1), 77, qr/permission denied/,
	      'who_holds_locks_of_a_private_space_is_not_shown');
	fails(lockctl_as('games', 'run', "daemon:$open", 1, 'true'), 77, qr/permission denied/,
	      'locks_of_a_space_open_for_reading_cannot_be_locked');
	fails(lockctl_as('games', 'allocate', "daemon:$open"), 77, qr/permission denied/,
	      'ids_of_a_space_open_for_reading_cannot_be_allocated');
	fails(lockctl_as('daemon', 'free-all', '--yes', "games:$shared"), 77, qr/not permitted/,
	      'only_the_owner_frees_all');
	fails(lockctl_as('daemon', 'set-capacity', "games:$shared", 10), 77, qr/not permitted/,
	      'only_the_owner_sets_the_capacity');
	fails(lockctl_as('daemon', 'unlink', "games:$shared"), 77, qr/not permitted/,
	      'only_the_owner_unlinks');
	fails(lockctl_as('daemon', 'create', "games:x$$"), 77, qr/not permitted/,
	      'a_user_cannot_make_spaces_for_others');
}

# A deadlock of two users, in a space that all may read.
sub test_deadlock_of_two_users
{
	my $work = start('daemon', 'work', "5:$shared", 10, '-', 11);
	hear($work, 'locked 10');
	my $play = start_waiter('games', 'play', "5:$shared", 11, 10);
	poke($work, "\n");
	wait_until('it is a deadlock', sub { waiters("5:$shared", 11) == 1 });

	for my $user (qw(root daemon games)) {
		my @cycle = grep { $_->{holds_space} eq "5:$shared" } @{rows_as($user, 'deadlocks')};

		same(fields(\@cycle, qw(pid holds_lock waits_for_lock)),
		     ["$work->{pid} 10 11", "$play->{pid} 11 10"], "${user}_is_shown_the_deadlock");
	}
	end($_) for $work, $play;
}

# Half of the cycle is in a space that games may not read.
sub test_hidden_half
{
	my $work = start('daemon', 'work', "5:$shared", 20, "1:$private", '-', 21);
	hear($work, 'locked 20');
	my $more = start('daemon', 'more', "1:$private", 21, "5:$shared", 20);
	hear($more, 'locked 21');
	wait_until('one waits', sub { waiters("5:$shared", 20) == 1 });
	poke($work, "\n");
	wait_until('the other waits', sub { waiters("1:$private", 21) == 1 });

	same(scalar @{rows_as('daemon', 'deadlocks')}, 2, 'a_user_who_may_read_both_spaces_sees_the_cycle');
	my $said = lockctl_as('games', 'deadlocks');
	same("$said->{status} $said->{out}",
	     "1 1 lock is in a deadlock with others that are not shown to you.\n",
	     'a_user_who_may_not_sees_only_that_there_is_one');
	end($_) for $work, $more;
}

# Each user who holds a lock or waits for it sees all processes that do, of whatever user.
sub test_wait_across_users
{
	my $place = "5:$shared";
	my $work = start_holder('daemon', 'work', $place, 30);
	my $play = start_waiter('games', 'play', $place, 30);
	my $more = start_waiter('daemon', 'more', $place, 30);

	for my $user (qw(daemon games)) {
		my $label = $user eq 'games' ? $shared : "games:$shared";
		my $rows = rows_as($user, 'who', $label, 30);

		same(fields($rows, qw(role place pid tid name process_state)), [
			"holder - $work->{pid} $work->{pid} work sleeping",
			"waiter 1 $play->{pid} $play->{pid} play sleeping",
			"waiter 2 $more->{pid} $more->{pid} more sleeping",
		], "who_shows_${user}_who_holds_and_who_waits_in_order");
		same([map { $_->{command} =~ m{/(actor \w+) } ? $1 : $_->{command} } @$rows],
		     ['actor work', 'actor play', 'actor more'], "who_shows_${user}_what_they_run");
		matches(as($user, 'who', $label, 30),
			qr/^Lock 30 of $label is held by process $work->{pid} \(work\) .*; 2 wait/,
			"who_says_so_in_a_sentence_to_${user}");
	}
	end($_) for $more, $play, $work;
}

# Where /proc hides the processes of other users, lockctl does not say that they are gone.
sub test_hidden_processes
{
	my $said = run_as('root', '', qw(unshare --mount sh -c),
			  'mount -t proc -o hidepid=2 proc /proc &&
			   exec setpriv --reuid 5 --regid 5 --clear-groups "$@"', 'sh',
			  $lockctl, 'who', "daemon:$open", 1, '--json');
	my $rows = JSON::PP->new->decode($said->{out})->{tasks};

	same(fields($rows, qw(role name process_state)), ['holder show not shown'],
	     'processes_that_proc_hides_are_not_gone');
}

# A name without owner that only other users have spaces of: commands that inspect use the space if
# there is only one; commands that change something refuse.
sub test_meant
{
	my $said = lockctl('who', $shared, 1);

	matches($said->{out}, qr/^Lock 1 of games:$shared is held by /, 'a_name_that_one_other_user_has_is_that_users_space');
	same("$said->{status} $said->{err}", "0 lockctl: root has no space '$shared': this is games:$shared\n",
	     'lockctl_says_whose_space_it_shows');
	fails(lockctl(@$_), 66, qr/: root has no space of that name; there is games:$shared$/,
	      "$_->[0]_changes_nothing_by_guess")
		for ['allocate', $shared], ['free', $shared, 1], ['run', $shared, 2, 'true'],
		    ['unlink', $shared], ['set-capacity', $shared, 8], ['free-all', '--yes', $shared];
	fails(lockctl('list', "root:$shared"), 66, qr/: no such space$/, 'with_an_owner_nothing_is_guessed');

	as('games', 'create', $open);
	forget_space("5:$open");
	fails(lockctl('list', $open), 66, qr/: root has no space of that name; 2 others do, as daemon:$open$/,
	      'a_name_that_two_other_users_have_is_refused');
	as('games', 'unlink', $open);
}

sub inside
{
	return run_as('root', '', qw(unshare --pid --fork --mount-proc), @_);
}

# Process ids are those of the caller's PID namespace; processes outside it have none.
sub test_process_namespace
{
	my $said = inside($lockctl, 'list', '--json', $private);
	my $rows = JSON::PP->new->decode($said->{out})->{locks};

	same(fields([grep { $_->{lock} == 1 } @$rows], qw(state pid tid name process_state)),
	     ['held - - - not shown'], 'processes_outside_have_no_number_inside');
}

# Run lockctl in a PID namespace, as the command of lockctl run, which holds the lock meanwhile.
# Returns the process id of lockctl run, from the shell that started it, and the rows that its
# command prints about the lock.
sub seen_inside
{
	my ($table, @question) = @_;
	my $said = inside('sh', '-c', '"$@" & echo $! >&2; wait', 'sh',
			  $lockctl, 'run', $private, 2, '--', $lockctl, @question, '--json');
	my $rows = JSON::PP->new->decode($said->{out})->{$table};

	chomp($said->{err});
	return ($said->{err}, [grep { ($_->{lock} // 2) == 2 } @$rows]);
}

sub test_run_in_process_namespace
{
	my ($pid, $rows) = seen_inside('tasks', 'who', $private, 2);
	same(fields($rows, qw(role pid tid name process_state)),
	     ["holder $pid $pid lockctl sleeping"], 'who_has_the_numbers_of_the_namespace');

	($pid, $rows) = seen_inside('locks', 'list', $private);
	same(fields($rows, qw(state pid tid name process_state)),
	     ["held $pid $pid lockctl sleeping"], 'list_has_the_numbers_of_the_namespace');
}

# Owners are as the caller's user namespace shows them.
sub test_user_namespace
{
	my $said = run_as('daemon', '', 'unshare', '--user', '--map-root-user',
			  $lockctl, 'spaces', '--json');

	if ($said->{err} =~ /^unshare:/) {
		skip('a_rootless_user_finds_its_spaces_inside', 'no user namespaces');
		return;
	}
	my %seen = map { $_->{space} => 1 } @{JSON::PP->new->decode($said->{out})->{spaces}};
	same([grep { $seen{"0:$_"} } $private, $open], [$private, $open],
	     'a_rootless_user_finds_its_spaces_inside');
	same([grep { $seen{"5:$_"} || $seen{"65534:$_"} } $shared], [],
	     'spaces_whose_owner_has_no_number_there_are_not_shown');
}

# A mount keeps the IPC namespace while no process is in it. nsenter enters it as an administrator
# of the host enters a container's.
sub test_ipc_namespace
{
	my $file = scratch_directory() . '/ipc';
	my $inside = "inside-$$";
	my @enter = ('nsenter', "--ipc=$file", $lockctl);

	write_file($file, '');
	my $said = run_as('root', '', 'unshare', "--ipc=$file", $lockctl, 'create', $inside);
	if ($said->{status}) {
		skip('a_container_shows_its_own_spaces', "no IPC namespace: $said->{err}");
		return;
	}
	my $rows = JSON::PP->new->decode(run_as('root', '', @enter, 'spaces', '--json')->{out});
	same([map { $_->{space} } @{$rows->{spaces}}], ["0:$inside"],
	     'a_container_shows_its_own_spaces');
	same([grep { $_->{space} eq "0:$inside" } @{rows_as('root', 'spaces')}], [],
	     'the_host_does_not_show_the_spaces_of_a_container');
	fails(run_as('root', '', @enter, 'list', $private), 66, qr/: no such space/,
	      'a_space_of_the_host_is_not_found_in_a_container');
	run_as('root', '', 'umount', $file);
}

# What lockmgr(7) says to type, for a container with and without a user namespace.
sub look_into_container
{
	my ($kind, @namespaces) = @_;
	my $inside = "inside-$kind-$$";
	my ($line) = read_file('libuser/man/man7/lockmgr.7') =~ /^(?:\.B )?(nsenter .* PID lockctl list)$/m;
	my $script = "$lockctl create $inside && exec $lockctl run $inside 3 -- sh -c 'echo \$\$; exec sleep 1000'";
	my $container = in_background('root', 'unshare', @namespaces, 'sh', '-c', $script);

	chomp(my $pid = readline($container->{from}) // '');
	if (!$pid) {
		skip("an_administrator_looks_into_a_container_$kind", 'no such namespaces');
		return;
	}
	$line =~ s/\\-/-/g;
	$line =~ s/PID/$pid/;
	$line =~ s/lockctl/$lockctl/;
	my $said = run_as('root', '', 'sh', '-c', $line);
	same("$said->{status}$said->{err}", '0', "the_command_of_the_manual_works_$kind");
	matches($said->{out}, qr/^(?:root:)?$inside +3 .* held /m,
		"an_administrator_looks_into_a_container_$kind");
	end($container);
}

# Fields of a space, as lockctl shows them to its owner.
sub own_facts
{
	my ($user, $space, @keys) = @_;
	my $place = "$users{$user}:$space";

	return fields([grep { $_->{space} eq $place } @{rows_as($user, 'spaces')}], @keys);
}

sub own_ids
{
	my ($user, $space) = @_;
	my @rows = grep { $_->{allocated} } @{rows_as($user, 'list', '--all', $space)};

	return join(' ', map { $_->{lock} } @rows);
}

sub make_own
{
	my ($user, $space) = @_;

	same(as($user, 'create', '--capacity', 8, '--mode', '0640', $space), '', "${user}_creates");
	same(own_facts($user, $space, qw(owner uid gid mode capacity)),
	     ["$user $users{$user} $users{$user} 0640 8"], "${user}_owns_what_was_created");
	same(as($user, 'allocate', '--count', 3, $space), "0\n1\n2\n", "${user}_allocates");
	same(as($user, 'allocate', $space, 5), "5\n", "${user}_allocates_a_given_id");
	same(own_ids($user, $space), '0 1 2 5', "${user}_lists_what_is_allocated");
}

sub use_own
{
	my ($user, $space) = @_;
	my $place = "$users{$user}:$space";

	same(as($user, 'run', $space, 1, '--', 'id', '-u'), "$users{$user}\n", "${user}_runs");

	my $run = run_sleeper($user, $space, 1);
	my $next = start_waiter($user, 'next', $place, 1);
	same(fields(rows_as($user, 'who', $space, 1), qw(role place pid name)),
	     ["holder - $run->{pid} lockctl", "waiter 1 $next->{pid} next"],
	     "who_shows_${user}_who_runs_and_who_waits");
	same(fields(rows_as($user, 'list', $space), qw(lock state pid name waiters)),
	     ["1 held $run->{pid} lockctl 1"], "${user}_lists_who_holds_what");
	same(fields(rows_as($user, 'watch', '--count', 1, $space),
		    qw(pid name space lock holder_pid holder_name)),
	     ["$next->{pid} next $place 1 $run->{pid} lockctl"], "${user}_watches_who_waits");

	my $graph = as($user, 'graph', $space);
	same(set(map { s/"//gr } $graph =~ /^\t("[^"]*" -> "[^"]*") /gm),
	     set("$place 1 -> thread $run->{pid}", "thread $next->{pid} -> $place 1"),
	     "${user}_draws_who_waits_for_whom");

	kill(TERM => $run->{pid});
	hear($next, 'locked 1');
	end($_) for $run, $next;
}

# Save, unlink and restore, as over a reboot.
sub save_own
{
	my ($user, $space) = @_;
	my $dir = scratch_directory();
	my ($generation) = @{own_facts($user, $space, 'generation')};
	my $text = join("\n", 'lockctl-allocations 1', "space $users{$user}:$space",
			"group $users{$user}", 'mode 0640', 'capacity 8', "generation $generation",
			'ids 4', '0-2', '5', 'end', '');

	chown($users{$user}, -1, $dir) or die "chown: $!\n";
	same(as($user, 'save', $space, "$dir/saved"), '', "${user}_saves");
	same(read_file("$dir/saved"), $text, "${user}_has_saved_what_was_there");
	same(as($user, 'unlink', $space), '', "${user}_unlinks");
	same(own_facts($user, $space, 'space'), [], "${user}_has_the_space_no_more");
	same(as($user, 'restore', "$dir/saved"),
	     "$space: 4 ids allocated, 0 were allocated already; the space is new\n", "${user}_restores");
	same(own_facts($user, $space, qw(owner gid mode capacity)), ["$user $users{$user} 0640 8"],
	     "${user}_has_the_space_again");
	same(own_ids($user, $space), '0 1 2 5', "${user}_has_the_ids_again");
}

sub clear_own
{
	my ($user, $space) = @_;

	same(as($user, 'free', $space, 1, 5), '', "${user}_frees");
	same(own_ids($user, $space), '0 2', "${user}_has_freed_these_only");
	same(as($user, 'set-capacity', $space, 4), '', "${user}_sets_the_capacity");
	same(own_facts($user, $space, 'capacity'), [4], "${user}_has_set_the_capacity");
	same(as($user, 'free-all', '--yes', $space), '', "${user}_frees_all");
	same(own_ids($user, $space), '', "${user}_has_freed_all");
	same(as($user, 'unlink', $space), '', "${user}_unlinks_at_last");
	fails(lockctl_as($user, 'list', $space), 66, qr/no such space$/,
	      "${user}_has_nothing_left");
}

# None of this needs root: with its own spaces, each user may do everything.
sub test_own_space
{
	my ($user) = @_;
	my $space = "own-$$";

	forget_space("$users{$user}:$space");
	make_own($user, $space);
	use_own($user, $space);
	save_own($user, $space);
	clear_own($user, $space);
}

make_spaces();
test_names();
test_shown();
test_refused();
test_deadlock_of_two_users();
test_hidden_half();
test_wait_across_users();
test_hidden_processes();
test_meant();
test_process_namespace();
test_run_in_process_namespace();
test_user_namespace();
test_ipc_namespace();
look_into_container('without_users', '--ipc');
look_into_container('with_users', '--ipc', '--user', '--map-root-user');
test_own_space($_) for qw(daemon games);
done();
