#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Notes: lockctl sets them, shows them wherever it names a lock, escapes what could harm a
# terminal, and keeps them over a reboot.

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
	same(must('allocate', '-n', 'pod p', $space, 17), "17\n", 'allocate_takes_a_note_for_a_given_id');
	same(must('allocate', '--count', 2, '--note', $longest, $space), "1\n2\n", 'allocate_takes_a_note_for_several_ids');
	same(must('allocate', '--note', '', $space), "3\n", 'an_empty_note_is_none');
	same(notes($space), ['0 yes container web-1', "1 yes $longest", "2 yes $longest", '3 yes -',
			     '17 yes pod p'], 'list_has_the_notes');
	fails(lockctl('allocate', '--note', "${longest}n", $space), 64,
	      qr/^lockctl: note of 64 bytes: at most 63 are allowed$/m, 'allocate_refuses_a_note_of_64_bytes');
	same(scalar @{notes($space)}, 5, 'a_refused_note_allocates_nothing');
	matches(must('list', '--all', $space), qr/^SPACE +LOCK NOTE +ALLOCATED /, 'the_table_has_a_column_for_notes');
	same(said(lockctl('free', $space, 17)), '0 ', 'a_noted_id_is_freed');
	must('allocate', $space, 17);
	same(notes($space)->[-1], '17 yes -', 'an_id_allocated_again_has_no_note');
}

sub test_set_note
{
	my $space = new_space('set', '--capacity', 20);

	must('allocate', $space, 3);
	lacks(must('list', '--all', $space), qr/NOTE/, 'without_notes_the_table_has_no_column_for_them');
	same(said(lockctl('set-note', $space, 3, 'container web-1')), '0 ', 'a_note_is_set');
	same(notes($space), ['3 yes container web-1'], 'list_has_the_note');
	must('set-note', $space, 3, 'pod p');
	same(notes($space), ['3 yes pod p'], 'another_note_replaces_it');
	fails(lockctl('set-note', $space, 4, 'x'), 1, qr/^lockctl: lock 4 of $space is not allocated$/,
	      'set_note_refuses_an_id_that_is_not_allocated');
	fails(lockctl('set-note', $space, 20, 'x'), 64, qr/^lockctl: there is no lock 20 in $space$/,
	      'set_note_refuses_an_id_beyond_the_capacity');
	fails(lockctl('set-note', $space, 3, "${longest}n"), 64, qr/note of 64 bytes/, 'set_note_refuses_a_note_of_64_bytes');
	fails(lockctl('set-note', $space, 3), 64, qr/missing argument: SPACE ID NOTE/, 'set_note_needs_a_note');
	same(notes($space), ['3 yes pod p'], 'refused_notes_change_nothing');
	must('set-note', $space, 3, '');
	same(notes($space), ['3 yes -'], 'an_empty_note_removes_the_note');
}

# Wherever lockctl names a lock, it shows the note.
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
		'who_shows_the_note');
	same(fields(rows('who', $space, 3), qw(role note)), ['holder container web-1',
							       'waiter container web-1'], 'who_has_the_note_in_json');
	same(fields(rows('list', $space)->[0]{children}, qw(lock note)), ['3 container web-1'],
	     'list_has_the_note_of_each_waiter_in_json');
	matches(squeezed(must('watch', '--count', 1, $space)),
		qr/^ *\S+ $waiter->{pid} rm $space 3 container web-1 $holder->{pid} run /m,
		'watch_shows_the_note');
	same(fields(rows('watch', '--count', 1, $space), 'note'), ['container web-1'],
	     'watch_has_the_note_in_json');
	matches(must('deadlocks', $space),
		qr/the longest wait is .* for lock 3 \(container web-1\) of $space: /,
		'deadlocks_shows_the_note_of_the_longest_wait');
	matches(must('graph', $space), qr/label="lock 3 of $space\\ncontainer web-1"\]/, 'graph_shows_the_note');
	matches(lockctl('run', '--verbose', '--nonblock', $space, 3, 'true')->{err},
		qr/lock 3 \(container web-1\) of $space: held by process $holder->{pid} /,
		'run_shows_the_note');
	stop($holder);
	matches(must('list', $space),
		qr/^Lock 3 \(container web-1\) of $space: process $holder->{pid} \(run\) is stopped/m,
		'the_remark_on_a_stopped_holder_shows_the_note');
	end($_) for $holder, $waiter;
	matches(must('list', $space),
		qr/^Lock 3 \(container web-1\) of $space: its last holder died/m, 'the_remark_on_a_dead_holder_shows_the_note');
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
	matches($text, qr/holds lock 3 \(container web-1\) of $space, for /, 'deadlocks_shows_the_note_of_the_held_lock');
	matches($text, qr/waits for lock 4 \(volume "data\\"\) of $space, for /, 'deadlocks_shows_the_note_of_the_awaited_lock');
	same([sort @{fields(rows('deadlocks', $space), qw(holds_note waits_for_note))}],
	     ['container web-1 volume "data\\"', 'volume "data\\" container web-1'],
	     'deadlocks_has_both_notes_in_json');
	matches(must('graph', $space), qr/label="lock 4 of $space\\nvolume \\"data\\\\\\""\]/,
		'graph_quotes_the_note');
	end($_) for $run, $rm;
}

# An escape sequence, a newline, characters that are invisible or change the direction of text, and
# a byte that is not UTF-8.
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
	     'without_notes_save_writes_what_older_versions_read');
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
	     "0 $space: 8 ids allocated, 0 were allocated already; the space is new\n", 'restore_reads_a_file_with_notes');
	same(notes($space), $before, 'every_note_is_restored');
	same(must('save', $space) =~ s/^generation .*/generation $generation/mr, $text, 'the_restored_space_is_saved_as_the_same_text');
	return ($space, $text);
}

# Ids that the saved space still has keep the notes that they have now.
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
	     'restore_sets_notes_only_of_what_it_allocates');
}

sub test_bad_files
{
	my ($space, $text) = @_;
	my %changes = (
		'a note without its id'		=> ['5 container', '4 container', 11],
		'ids out of order'		=> ['6 container', '5 container', 12],
		'fewer notes than announced'	=> ['notes 5', 'notes 6', 16],
		'more notes than announced'	=> ['notes 5', 'notes 4', 16],
		'an empty note'			=> ['5 container web-1', '5 ', 11],
		'no blank after the id'		=> ['5 container web-1', '5', 11],
		'a byte that is not ASCII'	=> ['5 container', "5 \xc3\xa9", 11],
		'half an escape'		=> ['\\x5cx41\\x20', '\\x5', 14],
		'an unknown escape'		=> ['\\x5cx41', '\\n', 14],
		'a NUL'				=> ['\\x5c', '\\x00', 14],
		'a note that is too long'	=> [$longest, "${longest}n", 15],
		'notes in version 1'		=> ['allocations 2', 'allocations 1', 10],
		'a later version'		=> ['allocations 2', 'allocations 3', 1],
	);

	must('free-all', '--yes', $space);
	for my $what (sort keys %changes) {
		my ($line, $instead, $number) = @{$changes{$what}};

		fails(run_as('root', $text =~ s/\Q$line\E/$instead/r, 'build/lockctl/lockctl', 'restore'), 65,
		      qr/standard input: line $number is wrong or missing: nothing was restored$/,
		      "restore_refuses_$what");
	}
	same(notes($space), [], 'a_refused_file_allocates_nothing');
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
