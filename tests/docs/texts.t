#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# The texts for people: what they name in the tree exists, their links lead somewhere, and
# those that describe everything of a kind leave nothing out.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my @texts = glob '*.md docs/*.md tests/*.md';
my $folders = qr/(?:debian|docs|include|kmod|libuser|tests)/;
my $makefile = read_file('Makefile');

# What is set as code: between backticks, or indented.
sub code
{
	my ($text) = @_;

	return $text =~ /`([^`\n]+)`/g, $text =~ /^    (.*)$/gm;
}

# The section with this heading, of any level, up to the next heading of that level or above.
sub section
{
	my ($path, $title) = @_;
	my ($text) = read_file($path) =~ /^(#+ \Q$title\E\n.*)/ms;
	die "$path: no section '$title'" if !defined $text;
	my ($level) = $text =~ /^(#+)/;

	return $text =~ /\A(#.*?)(?=^#{1,${\length $level}} |\z)/ms ? $1 : '';
}

# The names in a column of the tables of a text: the first, unless its number is given.
sub column
{
	my ($text, $number) = @_;
	my @rows = map { [split /\s*\|\s*/] } $text =~ /^\| (`.*?) \|$/gm;

	return map { ($_->[$number // 0] // '') =~ /^`([^`]+)`/ ? $1 : () } @rows;
}

sub names
{
	return map { m{([^/]+)/?$} } @_;
}

# "TEXT: what is wrong in it", for all texts.
sub in_all
{
	my ($find) = @_;

	return [map { my $path = $_; map { "$path: $_" } @{set($find->($path, read_file($path)))} } @texts];
}

# Whether a pattern fits at least one file. A test program may be named without its suffix, as
# tests/check names it.
sub is_there
{
	my ($path) = @_;
	my @found = grep { -e } glob "$path $path.[ct]";

	return scalar @found;
}

sub test_paths
{
	same(in_all(sub {
		my ($path, $text) = @_;

		return grep { !is_there($_) } map { m!^($folders/[\w./*{},+-]*)! } code($text);
	}), [], 'every_path_named_exists');
}

# The name of a heading in a link to it.
sub anchor
{
	my ($heading) = @_;

	return lc($heading) =~ s/[^\w -]//gr =~ tr/ /-/r;
}

sub leads_nowhere
{
	my ($from, $link) = @_;
	my ($file, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
	my ($folder) = $from =~ m{^(.*/)};
	my $path = $file eq '' ? $from : ($folder // '') . $file;

	return 1 if !-e $path;
	return defined $anchor &&
	       !grep { anchor($_) eq $anchor } read_file($path) =~ /^#+ (.*)$/gm;
}

sub test_links
{
	my $count = 0;

	same(in_all(sub {
		my ($path, $text) = @_;
		my @links = grep { !/^\w+:/ } $text =~ /\]\(([^)\s]+)\)/g;

		$count += @links;
		return grep { leads_nowhere($path, $_) } @links;
	}), [], 'every_link_leads_somewhere');
	same($count > 5 ? 'many' : 'few', 'many', 'there_are_links');
}

sub test_make
{
	same(in_all(sub {
		my ($path, $text) = @_;

		return grep { $makefile !~ /^(?:[\w-]+ )*\Q$_\E(?: [\w-]+)*:/m }
		       map { /^(?:sudo |\w+=\S+ )*make ([a-z][a-z-]*)/g } code($text);
	}), [], 'every_target_of_make_exists');
}

# Functions of the module, the library or the tests, named as "name()". The C library's are
# left out.
sub test_functions
{
	my $sources = join '', map { read_file($_) }
		      glob('{kmod,libuser,tests/harness,tests/uapi}/*.[ch] include/*.h');

	same(in_all(sub {
		my ($path, $text) = @_;

		return grep { $sources !~ /\b\Q$_\E\(/ && !/^(?:pthread|shm)_/ }
		       $text =~ /`([a-z]+_\w+)\(\)`/g;
	}), [], 'every_function_named_exists');
}

sub test_architecture
{
	my $text = 'docs/architecture.md';

	same([sort(column(section($text, 'kmod/')))], [sort(names(glob 'kmod/*.c'))],
	     'every_file_of_the_module_is_described_and_no_other');
	same([sort(column(section($text, 'libuser/')))], [sort(names(glob 'libuser/*.c'))],
	     'so_is_every_file_of_the_library');
}

# The module's mutexes and spinlocks, as "FILE NAME", the name being that of the variable or
# member.
sub locks_of_module
{
	my @locks;

	for my $path (glob 'kmod/*.[ch]') {
		my ($file) = names($path);
		my $source = read_file($path) =~ s{/\*.*?\*/}{}gsr;

		push @locks, "$file $_" for $source =~ /DEFINE_(?:MUTEX|SPINLOCK)\((\w+)\)/g,
					    $source =~ /^\t(?:struct mutex|spinlock_t) (\w+);/gm;
	}
	return [sort @locks];
}

sub test_locks
{
	my $section = section('docs/architecture.md', 'Which locks protect what');
	my @files = column($section, 1);
	my @described = map { s/.*(?:->|\.)//r } column($section);

	same([sort map { "$files[$_] $described[$_]" } 0 .. $#described], locks_of_module(),
	     'every_lock_of_the_module_is_described_and_no_other');
	same([grep { my $lock = $_; !grep { $_ eq $lock } column($section) }
	      map { /`([^`]+)`/g } $section =~ /^\| `.*\| ([^|]*) \|$/gm], [],
	     'and_so_is_each_inside_of_which_it_is_taken');
}

sub test_folders
{
	same([sort(names(column(section('tests/README.md', 'The folders'))))],
	     [sort(names(glob 'tests/*/'))], 'every_folder_of_tests_is_described_and_no_other');
}

sub test_example
{
	my ($source) = section('tests/README.md', 'Write one') =~ /^```c\n(.*?)^```$/ms;
	my $dir = scratch_directory();
	my $compile = 'cc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -Iinclude -Itests/harness';

	write_file("$dir/example.c", $source);
	same(scalar qx($compile $dir/example.c 2>&1), '', 'the_example_of_a_test_compiles');
}

# The files that must change for a new command, found by one that exists: SET_NOTE. In a
# machine, the tree may belong to another user.
sub test_commands
{
	my $section = section('CONTRIBUTING.md', 'Add an ioctl');
	my %listed = map { $_ => 1 } map { glob } map { /`([^`]+)`/g } $section =~ /^\| (`[^|]*) \|/gm;
	my $words = 'SET_NOTE|\b(lockmgr_|lockmgr_ids_|ioc)?(set_note|SetNote)\b|(FEATURE|HAS)_NOTES' .
		    '|featureNotes';
	my @knowing = split /\n/, qx(git -c safe.directory='*' grep -lE '$words' 2>&1);

	if ($?) {
		skip('every_file_that_knows_the_command_is_listed', 'git does not know this tree');
		return;
	}
	same([grep { !$listed{$_} && !m{^tests/fuzz/corpus/|^(?:CONTRIBUTING|README)\.md$|^tests/docs/} }
	      @knowing], [], 'every_file_that_knows_the_command_is_listed');
}

test_paths();
test_links();
test_make();
test_functions();
test_architecture();
test_locks();
test_folders();
test_example();
test_commands();
done();
