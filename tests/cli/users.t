#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl as root and as two ordinary users: each sees what is its own, or open to it.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our $lockctl;

need_device();

my ($private, $open, $shared) = map { "$_-$$" } qw(private open shared);

sub as
{
	my ($user, @arguments) = @_;
	my $said = lockctl_as($user, @arguments);

	die "lockctl @arguments as $user: $said->{status}: $said->{err}\n" if $said->{status};
	return $said->{out};
}

# Of the test's spaces, those that a user is shown.
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
	same(as('daemon', 'allocate', $private), "0\n", 'a_name_alone_is_ones_own');
	same(as('root', 'allocate', "daemon:$private"), "1\n", 'a_user_in_front_is_anothers');
	same(as('root', 'allocate', "1:$private"), "2\n", 'so_is_its_number');
	same(as('root', 'allocate', $private), "0\n", 'the_same_name_is_another_space');
	fails(lockctl('list', "no-such-user:$private"), 66, qr/there is no user 'no-such-user'/,
	      'users_have_to_exist');
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
		     "another_sees_others_in_$command");
	}
	matches(as('games', 'list'), qr/^daemon:$open /m, 'names_are_as_they_can_be_typed');
	matches(as('daemon', 'list'), qr/^$open /m, 'ones_own_without_a_user');
}

sub test_refused
{
	fails(lockctl_as('games', 'list', "daemon:$private"), 77, qr/Permission denied/,
	      'a_private_space_cannot_be_listed');
	fails(lockctl_as('games', 'who', "daemon:$private", 1), 77, qr/Permission denied/,
	      'nor_can_its_locks');
	fails(lockctl_as('games', 'run', "daemon:$open", 1, 'true'), 77, qr/Permission denied/,
	      'what_can_be_read_only_cannot_be_locked');
	fails(lockctl_as('games', 'allocate', "daemon:$open"), 77, qr/Permission denied/,
	      'nor_allocated');
	fails(lockctl_as('daemon', 'free-all', '--yes', "games:$shared"), 77, qr/not permitted/,
	      'freeing_all_is_for_the_owner');
	fails(lockctl_as('daemon', 'set-capacity', "games:$shared", 10), 77, qr/not permitted/,
	      'so_is_the_capacity');
	fails(lockctl_as('daemon', 'unlink', "games:$shared"), 77, qr/not permitted/,
	      'and_unlinking');
	fails(lockctl_as('daemon', 'create', "games:x$$"), 77, qr/not permitted/,
	      'nobody_makes_spaces_for_others');
}

# A hang across users, as each may know of it.
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

# Half of the circle is in a space that one of them may not read.
sub test_hidden_half
{
	my $work = start('daemon', 'work', "5:$shared", 20, "1:$private", '-', 21);
	hear($work, 'locked 20');
	my $more = start('daemon', 'more', "1:$private", 21, "5:$shared", 20);
	hear($more, 'locked 21');
	wait_until('one waits', sub { waiters("5:$shared", 20) == 1 });
	poke($work, "\n");
	wait_until('the other waits', sub { waiters("1:$private", 21) == 1 });

	same(scalar @{rows_as('daemon', 'deadlocks')}, 2, 'who_may_read_both_is_shown_the_circle');
	my $said = lockctl_as('games', 'deadlocks');
	same("$said->{status} $said->{out}",
	     "1 1 lock is in a deadlock with others that are not shown to you.\n",
	     'who_may_not_is_told_that_there_is_one');
	end($_) for $work, $more;
}

# Process ids are those of the caller's namespace: none of those outside.
sub test_process_namespace
{
	my $said = run_as('root', '', 'unshare', '--pid', '--fork', '--mount-proc',
			  $lockctl, 'list', '--json', $private);
	my $rows = JSON::PP->new->decode($said->{out})->{locks};

	same(fields([grep { $_->{lock} == 1 } @$rows], qw(state pid tid name process_state)),
	     ['held - - boss not shown'], 'processes_outside_have_no_number_inside');
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
	     'and_none_whose_owner_has_no_number_there');
}

make_spaces();
test_names();
test_shown();
test_refused();
test_deadlock_of_two_users();
test_hidden_half();
test_process_namespace();
test_user_namespace();
done();
