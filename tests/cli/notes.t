#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Notes: lockctl sets them, names locks by them wherever it speaks of locks, shows no
# terminal what could harm it, and keeps them over a reboot.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}

need_device();
$ENV{LC_ALL} = 'C.UTF-8';

my $dir = scratch_directory();
my $longest = 'n' x 63;

sub said
{
	my ($said) = @_;

	return "$said->{status} $said->{out}$said->{err}";
}

sub notes
{
	my ($space) = @_;

	return fields(rows('list', '--all', $space), qw(lock allocated note));
}

sub test_allocate
{
	my $space = new_space('noted', '--capacity', 20);

	same(must('allocate', '--note', 'container web-1', $space), "0\n", 'allocate_takes_a_note');
	same(must('allocate', '-n', 'pod p', $space, 17), "17\n", 'also_for_a_given_id');
	same(must('allocate', '--count', 2, '--note', $longest, $space), "1\n2\n", 'and_for_several');
	same(must('allocate', '--note', '', $space), "3\n", 'an_empty_one_is_none');
	same(notes($space), ['0 yes container web-1', "1 yes $longest", "2 yes $longest", '3 yes -',
			     '17 yes pod p'], 'list_has_them');
	fails(lockctl('allocate', '--note', "${longest}n", $space), 64,
	      qr/^lockctl: note of 64 bytes: at most 63 are allowed$/m, 'a_note_has_a_limit');
	same(scalar @{notes($space)}, 5, 'and_nothing_is_allocated');
	matches(must('list', '--all', $space), qr/^SPACE +LOCK NOTE +ALLOCATED /, 'people_see_a_column');
	same(said(lockctl('free', $space, 17)), '0 ', 'a_noted_id_is_freed');
	must('allocate', $space, 17);
	same(notes($space)->[-1], '17 yes -', 'allocated_again_it_has_no_note');
}

sub test_set_note
{
	my $space = new_space('set', '--capacity', 20);

	must('allocate', $space, 3);
	lacks(must('list', '--all', $space), qr/NOTE/, 'without_notes_there_is_no_column');
	same(said(lockctl('set-note', $space, 3, 'container web-1')), '0 ', 'a_note_is_set');
	same(notes($space), ['3 yes container web-1'], 'list_has_it');
	must('set-note', $space, 3, 'pod p');
	same(notes($space), ['3 yes pod p'], 'another_one_replaces_it');
	fails(lockctl('set-note', $space, 4, 'x'), 1, qr/^lockctl: lock 4 of $space is not allocated$/,
	      'only_allocated_ids_have_one');
	fails(lockctl('set-note', $space, 20, 'x'), 64, qr/^lockctl: there is no lock 20 in $space$/,
	      'that_there_are');
	fails(lockctl('set-note', $space, 3, "${longest}n"), 64, qr/note of 64 bytes/, 'of_63_bytes');
	fails(lockctl('set-note', $space, 3), 64, qr/missing argument: SPACE ID NOTE/, 'it_has_to_be_given');
	same(notes($space), ['3 yes pod p'], 'all_that_changes_nothing');
	must('set-note', $space, 3, '');
	same(notes($space), ['3 yes -'], 'an_empty_one_takes_it_away');
}

# Whatever names a lock says what it stands for.
sub test_names
{
	my $space = new_space('names');
	my $name = "0:$space";

	must('allocate', '--note', 'container web-1', $space, 3);
	must('allocate', '--note', 'volume "data"', $space, 4);
	my $holder = start_holder('root', 'run', $name, 3);
	my $waiter = start_waiter('root', 'rm', $name, 3);

	matches(must('who', $space, 3),
		qr/^Lock 3 \(container web-1\) of $space is held by process $holder->{pid} \(run\) for /,
		'who_names_it');
	same(fields(rows('who', $space, 3), qw(role note)), ['holder container web-1',
							       'waiter container web-1'], 'also_in_json');
	same(fields(rows('list', $space)->[0]{children}, qw(lock note)), ['3 container web-1'],
	     'so_does_list_with_each_waiter');
	matches(squeezed(must('watch', '--count', 1, $space)),
		qr/^ *\S+ $waiter->{pid} rm $space 3 container web-1 $holder->{pid} run /m,
		'watch_names_it');
	same(fields(rows('watch', '--count', 1, $space), 'note'), ['container web-1'], 'also_in_json');
	matches(must('deadlocks', $space),
		qr/the longest wait is .* for lock 3 \(container web-1\) of $space: /,
		'deadlocks_names_it_where_there_is_none');
	matches(must('graph', $space), qr/label="lock 3 of $space\\ncontainer web-1"\]/, 'graph_draws_it');
	matches(lockctl('run', '--verbose', '--nonblock', $space, 3, 'true')->{err},
		qr/lock 3 \(container web-1\) of $space: held by process $holder->{pid} /,
		'run_names_it');
	stop($holder);
	matches(must('list', $space),
		qr/^Lock 3 \(container web-1\) of $space: process $holder->{pid} \(run\) is stopped/m,
		'list_says_what_is_stuck');
	end($_) for $holder, $waiter;
	matches(must('list', $space),
		qr/^Lock 3 \(container web-1\) of $space: its last holder died/m, 'and_who_died');
}

sub test_deadlocks
{
	my $space = new_space('circle');

	must('allocate', '--note', 'container web-1', $space, 3);
	must('allocate', '--note', 'volume "data\\"', $space, 4);
	my $run = start('root', 'run', "0:$space", 3, '-', 4);
	hear($run, 'locked 3');
	my $rm = start_waiter('root', 'rm', "0:$space", 4, 3);

	poke($run, "\n");
	wait_until('it is a deadlock', sub { waiters($space, 4) == 1 });
	my $text = lockctl('deadlocks', $space)->{out};
	matches($text, qr/holds lock 3 \(container web-1\) of $space, for /, 'deadlocks_names_what_is_held');
	matches($text, qr/waits for lock 4 \(volume "data\\"\) of $space, for /, 'and_what_is_waited_for');
	same([sort @{fields(rows('deadlocks', $space), qw(holds_note waits_for_note))}],
	     ['container web-1 volume "data\\"', 'volume "data\\" container web-1'], 'also_in_json');
	matches(must('graph', $space), qr/label="lock 4 of $space\\nvolume \\"data\\\\\\""\]/,
		'graph_quotes_it');
	end($_) for $run, $rm;
}

# Escape sequences, new lines, and what changes the direction of text or is not seen.
my $hostile = "\e[2J\n\xe2\x80\xae\xe2\x80\x8b\xff\xc2\xa0\x7f";
my $shown = '\x1b[2J\x0a\xe2\x80\xae\xe2\x80\x8b\xff\xc2\xa0\x7f';

sub test_hostile
{
	my $space = new_space('hostile');

	must('allocate', '--note', $hostile, $space, 3);
	must('allocate', '--note', "caf\xc3\xa9", $space, 4);
	my $holder = start_holder('root', 'run', "0:$space", 3, 4);
	my $waiter = start_waiter('root', 'rm', "0:$space", 3);

	my %texts = map { join(' ', @$_) => lockctl(@$_)->{out} } ['list', $space], ['list', '--json', $space],
		['who', $space, 3], ['who', '--json', $space, 3], ['watch', '--count', 1, $space],
		['deadlocks', $space], ['graph', $space];
	for my $command (sort keys %texts) {
		my $quoted = $command =~ /graph|json/ ? $shown =~ s/\\/\\\\/gr : $shown;

		lacks($texts{$command}, qr/[^\t\n\x20-\x7e\xc3\xa9]/, "$command: nothing harms a terminal");
		same(index($texts{$command}, $quoted) >= 0 ? $quoted : $texts{$command}, $quoted,
		     "$command: what cannot be shown is escaped");
	}
	matches($texts{"list $space"}, qr/caf\xc3\xa9/, 'other_languages_are_shown');
	end($_) for $holder, $waiter;
}

sub test_save
{
	my $space = new_space('kept', '--capacity', 64);

	must('allocate', $space, 0 .. 2);
	same(index(must('save', $space), "lockctl-allocations 1\n"), 0,
	     'without_notes_older_versions_can_read_it');
	must('allocate', '--note', 'container web-1', $space, 5, 6);
	must('allocate', '--note', $hostile, $space, 7);
	must('allocate', '--note', ' \\x41 ', $space, 8);
	must('allocate', '--note', $longest, $space, 9);
	my ($text, $before) = (must('save', $space), notes($space));
	my ($generation) = $text =~ /^generation (.*)/m;

	same($text, <<"EOF", 'save_writes_what_is_documented');
lockctl-allocations 2
space 0:$space
group 0
mode 0600
capacity 64
generation $generation
ids 8
0-2
5-9
notes 5
5 container web-1
6 container web-1
7 \\x1b[2J\\x0a\\xe2\\x80\\xae\\xe2\\x80\\x8b\\xff\\xc2\\xa0\\x7f
8 \\x20\\x5cx41\\x20
9 $longest
end
EOF
	write_file("$dir/saved", $text);
	must('unlink', $space);
	same(said(lockctl('restore', "$dir/saved")),
	     "0 $space: 8 ids allocated, 0 were allocated already; the space is new\n", 'restore_reads_it');
	same(notes($space), $before, 'every_note_is_as_it_was');
	same(must('save', $space) =~ s/^generation .*/generation $generation/mr, $text, 'to_the_byte');
	return ($space, $text);
}

# What the saved space still has is left as it is.
sub test_restore_again
{
	my ($space) = @_;
	my $text = must('save', $space);

	must('set-note', $space, 5, 'another');
	must('free', $space, 6);
	must('allocate', '--note', 'of somebody', $space, 6);
	must('free', $space, 9);
	same(said(run_as('root', $text, 'build/lockctl/lockctl', 'restore')),
	     "0 $space: 1 ids allocated, 7 were allocated already\n", 'restore_allocates_what_is_missing');
	same([(@{notes($space)})[3, 4, 7]], ['5 yes another', '6 yes of somebody', "9 yes $longest"],
	     'and_its_note_alone_is_set');
}

sub test_bad_files
{
	my ($space, $text) = @_;
	my %changes = (
		'a note without its id'		=> ['5 container', '4 container', 11],
		'ids out of order'		=> ['6 container', '5 container', 12],
		'fewer notes than announced'	=> ['notes 5', 'notes 6', 16],
		'more notes than announced'	=> ['notes 5', 'notes 4', 16],
		'no note'			=> ['5 container web-1', '5 ', 11],
		'no blank'			=> ['5 container web-1', '5', 11],
		'a byte that is not ASCII'	=> ['5 container', "5 \xc3\xa9", 11],
		'half an escape'		=> ['\\x5cx41\\x20', '\\x5', 14],
		'another escape'		=> ['\\x5cx41', '\\n', 14],
		'a NUL'				=> ['\\x5c', '\\x00', 14],
		'a note that is too long'	=> [$longest, "${longest}n", 15],
		'notes in version 1'		=> ['allocations 2', 'allocations 1', 10],
		'a version of later'		=> ['allocations 2', 'allocations 3', 1],
	);

	must('free-all', '--yes', $space);
	for my $what (sort keys %changes) {
		my ($line, $instead, $number) = @{$changes{$what}};

		fails(run_as('root', $text =~ s/\Q$line\E/$instead/r, 'build/lockctl/lockctl', 'restore'), 65,
		      qr/standard input: line $number is wrong or missing: nothing was restored$/,
		      "$what: refused");
	}
	same(notes($space), [], 'and_nothing_is_allocated');
}

test_allocate();
test_set_note();
test_names();
test_deadlocks();
test_hostile();
my ($space, $text) = test_save();
test_restore_again($space);
test_bad_files($space, $text);
done();
