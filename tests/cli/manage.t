#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl: managing spaces and allocations.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}

need_device();

my $dir = scratch_directory();

sub facts
{
	my ($space) = @_;

	return (grep { $_->{space} eq "0:$space" } @{rows('spaces')})[0];
}

# The allocated ids.
sub ids
{
	my ($space) = @_;

	return join(' ', map { $_->{lock} } grep { $_->{allocated} } @{rows('list', '--all', $space)});
}

sub said
{
	my ($said) = @_;

	return "$said->{status} $said->{out}$said->{err}";
}

sub test_create
{
	my $space = new_space('create', '--capacity', 5, '--mode', '0640', '--group', 'games');

	same(fields([facts($space)], qw(owner group gid mode capacity allocated clients)),
	     ['root games 60 0640 5 0 0'], 'create_takes_capacity_mode_and_group');
	fails(lockctl('create', $space), 1, qr/^lockctl: space $space exists already$/,
	      'a_space_cannot_be_created_twice');

	my $plain = new_space('plain');
	same(fields([facts($plain)], qw(owner gid mode capacity)), ['root 0 0600 1048576'],
	     'create_has_defaults');

	fails(lockctl('create', '--capacity', 1048577, "x$space"), 64, qr/larger than allowed/,
	      'create_refuses_a_capacity_above_the_limit');
	for (['--capacity', 0], ['--capacity', 'x'], ['--mode', '888'], ['--mode', '01000'],
	     ['--mode', 0], ['--group', 'no-such-group']) {
		fails(lockctl('create', @$_, "x$space"), 64, qr/'\Q$_->[1]\E'/, "create_refuses_@$_");
	}
	fails(lockctl('create', 'no/such'), 64, qr/invalid space name 'no\/such'/,
	      'create_refuses_bad_names');
}

sub test_unlink
{
	my ($one, $two) = (new_space('unlink'), new_space('unlink-too'));

	same(said(lockctl('unlink', $one, $two)), '0 ', 'unlink_takes_several');
	same([grep { facts($_) } $one, $two], [], 'unlinked_spaces_are_gone');
	fails(lockctl('unlink', $one), 66, qr/^lockctl: cannot unlink space $one: no such space$/,
	      'a_missing_space_cannot_be_unlinked');
}

sub test_capacity
{
	my $space = new_space('capacity', '--capacity', 8);

	must('allocate', $space, 6);
	same(said(lockctl('set-capacity', $space, 7)), '0 ', 'a_capacity_can_be_lowered');
	same(facts($space)->{capacity}, 7, 'the_lower_capacity_is_shown');
	fails(lockctl('set-capacity', $space, 6), 1, qr/an id beyond that is allocated/,
	      'a_capacity_below_allocated_ids_is_refused');
	fails(lockctl('set-capacity', $space, 1048577), 64, qr/more than allowed/, 'a_capacity_above_the_limit_is_refused');
	must('set-capacity', $space, 'max');
	same(facts($space)->{capacity}, 1048576, 'max_is_the_limit');
}

sub test_allocate
{
	my $space = new_space('allocate', '--capacity', 6);

	same(must('allocate', $space), "0\n", 'allocate_prints_the_lowest_free_id');
	same(must('allocate', '--count', 2, $space), "1\n2\n", 'allocate_with_a_count_prints_several');
	same(must('allocate', $space, 5), "5\n", 'allocate_prints_a_given_id');

	my $said = lockctl('allocate', $space, 3, 2);
	same("$said->{status} $said->{out}$said->{err}",
	     "1 3\nlockctl: lock 2 of $space is allocated already\n", 'ids_that_are_allocated_already_are_named');
	must('allocate', $space);
	fails(lockctl('allocate', $space), 1, qr/all ids are allocated$/, 'a_space_can_be_full');
	fails(lockctl('allocate', $space, 6), 64, qr/there is no lock 6/, 'ids_end_at_the_capacity');
	fails(lockctl('allocate', $space, 'x'), 64, qr/invalid lock number 'x'/, 'an_id_that_is_not_a_number_is_refused');

	same(said(lockctl('free', $space, 1, 4)), '0 ', 'free_takes_several');
	same(ids($space), '0 2 3 5', 'freed_ids_are_free');
	$said = lockctl('free', $space, 1, 2);
	same("$said->{status} $said->{err}", "1 lockctl: lock 1 of $space is not allocated\n",
	     'what_is_free_cannot_be_freed');
	same(ids($space), '0 3 5', 'the_other_ids_are_freed_all_the_same');
}

sub free_all_and_say
{
	my ($answer, $space) = @_;

	return on_terminal("$answer\n", "build/lockctl/lockctl free-all $space");
}

sub test_free_all
{
	my $space = new_space('free-all');

	must('allocate', '--count', 3, $space);
	fails(lockctl('free-all', $space), 64, qr/needs --yes/, 'free_all_without_a_terminal_needs_yes');
	same(ids($space), '0 1 2', 'free_all_without_yes_frees_nothing');

	my $asked = free_all_and_say('n', $space);
	same($asked->{status}, 1, 'free_all_exits_with_1_after_no');
	matches($asked->{out}, qr/Free all 3 allocated ids of $space\?.*\[y\/N\]/s, 'free_all_asks_and_says_how_many');
	same(ids($space), '0 1 2', 'free_all_frees_nothing_after_no');
	same(free_all_and_say('y', $space)->{status} . ids($space), '0', 'free_all_frees_all_after_yes');

	must('allocate', '--count', 3, $space);
	same(said(lockctl('free-all', '--yes', $space)), '0 ', 'free_all_does_not_ask_with_the_option');
	same(ids($space), '', 'free_all_frees_all_with_the_option');
}

sub test_save
{
	my $space = new_space('save', '--capacity', 64, '--mode', '0644');
	my $file = "$dir/saved";

	must('allocate', $space, 0 .. 3, 17, 63);
	my $generation = facts($space)->{generation};
	my $text = must('save', $space);
	same($text, <<"EOF", 'save_writes_what_is_documented');
lockctl-allocations 1
space 0:$space
group 0
mode 0644
capacity 64
generation $generation
ids 6
0-3
17
63
end
EOF
	must('save', $space, $file);
	same(read_file($file), $text, 'save_writes_the_same_to_a_file');
	same([glob("$dir/*")], [$file], 'save_leaves_no_other_file');
	fails(lockctl('save', $space, "$dir/no/file"), 74, qr/cannot write .*No such file/,
	      'a_file_that_cannot_be_written_is_an_error');
	fails(lockctl('save', "x$space"), 66, qr/no such space/, 'save_of_a_missing_space_is_an_error');
	return ($space, $file);
}

# As after a reboot.
sub test_restore_into_nothing
{
	my ($space, $file) = @_;
	my $generation = facts($space)->{generation};

	must('unlink', $space);
	same(said(lockctl('restore', $file)), "0 $space: 6 ids allocated, 0 were allocated already; the space is new\n",
	     'restore_makes_the_space');
	same(ids($space), '0 1 2 3 17 63', 'restore_allocates_the_ids');
	same(fields([facts($space)], qw(owner gid mode capacity)), ['root 0 0644 64'],
	     'restore_makes_the_space_as_it_was');
	same($generation eq facts($space)->{generation} ? 'yes' : 'no', 'no',
	     'the_restored_space_has_another_generation');
}

sub test_restore_again
{
	my ($space) = @_;
	my $text = must('save', $space);

	must('free', $space, 2, 17);
	same(said(run_as('root', $text, 'build/lockctl/lockctl', 'restore')),
	     "0 $space: 2 ids allocated, 4 were allocated already\n",
	     'ids_that_the_saved_space_still_has_do_not_conflict');
	same(ids($space), '0 1 2 3 17 63', 'ids_are_restored_from_standard_input');
}

sub test_restore_conflict
{
	my ($space, $file) = @_;

	must('unlink', $space);
	must('create', '--capacity', 20, $space);
	must('allocate', $space, 1, 2, 9, 17);
	fails(lockctl('restore', $file), 1, qr/^lockctl: ids of $space that are beyond its capacity: 63
lockctl: ids of $space that are allocated already, to others: 1-2, 17
lockctl: nothing was restored\n$/, 'restore_names_every_conflict');
	same(ids($space), '1 2 9 17', 'restore_with_conflicts_changes_nothing');

	my $other = "restored-$$";
	forget_space($other);
	same(said(lockctl('restore', '--space', $other, $file)),
	     "0 $other: 6 ids allocated, 0 were allocated already; the space is new\n",
	     'restore_takes_another_space');
	same(ids($other), '0 1 2 3 17 63', 'the_other_space_has_the_ids');
}

sub test_bad_files
{
	my ($file) = @_;
	my $text = read_file($file);

	write_file("$dir/bad", substr($text, 0, -4));
	fails(lockctl('restore', "$dir/bad"), 65, qr/bad: line 11 is wrong or missing: nothing was restored$/,
	      'a_file_that_is_cut_off_is_refused');
	fails(run_as('root', 'nonsense', 'build/lockctl/lockctl', 'restore', '-'), 65,
	      qr/standard input: line 1 is wrong/, 'nonsense_is_refused');
	fails(lockctl('restore', "$dir/none"), 66, qr/cannot read .*No such file/, 'a_missing_file_is_refused');
}

test_create();
test_unlink();
test_capacity();
test_allocate();
test_free_all();
my ($space, $file) = test_save();
test_restore_into_nothing($space, $file);
test_restore_again($space);
test_restore_conflict($space, $file);
test_bad_files($file);
done();
