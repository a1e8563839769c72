#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Manual pages: their form, their references, their examples, and their installation.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/man/man.pl';
}

my $dir = scratch_directory();

# The sections that a page may have, in this order.
my @sections = (
	'NAME', 'LIBRARY', 'SYNOPSIS', 'DESCRIPTION', 'PATTERNS', 'COMMANDS', 'OPTIONS',
	'EXIT STATUS', 'RETURN VALUE', 'ERRORS', 'DIAGNOSTICS', 'ENVIRONMENT', 'FILES',
	'ATTRIBUTES', 'NOTES', 'CAVEATS', 'EXAMPLES', 'SEE ALSO',
);
my @needed = ('NAME', 'SYNOPSIS', 'DESCRIPTION', 'SEE ALSO');

# make(DIRECTORY, TARGET, VARIABLE...): prints make's output if it fails.
sub make
{
	my ($place, @arguments) = @_;
	my $said = qx(make -s --no-print-directory -C $place @arguments 2>&1);

	print "# make @arguments: $said" if $?;
}

# The files below a directory, by their paths in it.
sub files_below
{
	my ($place) = @_;

	return [sort map { substr $_, length "$place/" } split /\n/, qx(find '$place' ! -type d)];
}

sub test_rendering
{
	my @pages = map { path_of($_) } pages('1-9');

	same(scalar qx(mandoc -Tlint -Wall @pages 2>&1), '', 'mandoc_has_nothing_to_say');
	same(join('', map { scalar qx(groff -man -Tutf8 -ww -z '$_' 2>&1) } @pages), '',
	     'nor_has_groff');
}

# A page with an unknown section is not in order.
sub is_in_order
{
	my ($page) = @_;
	my %place = map { $sections[$_] => $_ } 0 .. $#sections;
	my @places = map { $place{$_} // return 0 } headings(rendered($page));

	return "@places" eq join ' ', sort { $a <=> $b } @places;
}

sub has_all
{
	my ($page) = @_;
	my %there = map { $_ => 1 } headings(rendered($page));

	return !grep { !$there{$_} && !($page =~ /\.7$/ && $_ eq 'SYNOPSIS') } @needed;
}

# The title of a page, as "NAME.section".
sub title
{
	my ($page) = @_;

	return rendered($page) =~ /^(\S+)\((\d)\)/ ? "$1.$2" : '';
}

sub test_sections
{
	same([grep { !is_in_order($_) } pages('1-9')], [], 'sections_are_in_order');
	same([grep { !has_all($_) } pages('1-9')], [], 'no_section_is_missing');
	same([grep { title($_) ne uc || (names($_))[0] ne s/\.\d$//r } pages('1-9')], [],
	     'each_page_begins_with_its_name');
}

# Every further name of a page is a link to it.
sub test_links
{
	my %target = map { $_ => link_target($_) } grep { link_target($_) } all_pages();
	my @wanted;

	for my $page (pages('1-9')) {
		my ($section) = $page =~ /(\d)$/;
		my (undef, @others) = names($page);

		push @wanted, map { "$_.$section -> $page" } @others;
	}
	same([map { "$_ -> $target{$_}" } sort keys %target], [sort @wanted],
	     'every_other_name_of_a_page_is_a_link_to_it');
	same([grep { read_file(path_of($_)) !~ m{\A\.\\".*\n\.so man3/\S+\n\z} }
		   sort keys %target], [], 'a_link_is_nothing_else');
}

# The path that man(1) finds for a page, with no other pages than those of the tree.
sub found_by_man
{
	my ($page) = @_;
	my $path = qx(man -M libuser/man -w '$page' 2>&1);

	return $path =~ m{/(libuser/man/\S+)$} ? $1 : $path;
}

sub test_reading_in_the_tree
{
	my @all = all_pages();

	if (! -x '/usr/bin/man') {
		skip('man_finds_every_page_in_the_tree', 'there is no man');
		return;
	}
	same([map { found_by_man($_) } @all], [map { path_of(link_target($_) || $_) } @all],
	     'man_finds_every_page_in_the_tree');
}

# The references "name(section)" in a text, as "name.section"; not the title, which is in upper
# case.
sub references
{
	my ($text) = @_;

	return map { s/\((\d)\)/.$1/r } grep { /[a-z]/ } $text =~ /\b[\w.+-]+\(\d\)/g;
}

# The pages that no installed package has. dpkg knows the pages of a package even if they were
# not unpacked.
sub missing_elsewhere
{
	my @pages = @_;
	my @patterns = map { "'*/man?/$_.gz'" } @pages;
	my %found = map { m{/([^/]+)\.gz$} ? ($1 => 1) : () }
		    split /\n/, qx(dpkg-query -S @patterns 2>/dev/null);

	return grep { !$found{$_} } @pages;
}

sub test_references
{
	my @all = map { references(rendered($_)) } pages('1-9');
	my @ours = grep { /lock(?:mgr|ctl)/ } @all;
	my @others = grep { !/lock(?:mgr|ctl)/ } @all;

	same([grep { ! -e path_of($_) } @{set(@ours)}], [],
	     'every_page_of_ours_referred_to_exists');
	if (-x '/usr/bin/dpkg-query') {
		same([missing_elsewhere(@{set(@others)})], [], 'so_does_every_other');
	} else {
		skip('so_does_every_other', 'it is looked up in Debian\'s packages');
	}
}

# Whether a page's references in SEE ALSO are in the order of sections, and then of names, and do
# not contain the page itself.
sub sees_in_order
{
	my ($page) = @_;
	my @seen = references(section(rendered($page), 'SEE ALSO'));
	my @sorted = map { "$_->[0].$_->[1]" }
		     sort { $a->[1] <=> $b->[1] || $a->[0] cmp $b->[0] }
		     map { [/^(.*)\.(\d)$/] } @{set(@seen)};

	return "@seen" eq "@sorted" && !grep { $_ eq $page } @seen;
}

sub test_see_also
{
	same([grep { !sees_in_order($_) } pages('1-9')], [], 'see_also_is_sorted');
}

sub test_examples
{
	my %examples = map { examples($_) } pages('1-9');
	my @names = sort keys %examples;

	same(join('', map { compile("$dir/$_", $examples{$_}) } @names), '',
	     'every_example_compiles');
	same(scalar(@names > 5), 1, 'there_are_some');
}

sub test_installation
{
	my @wanted = map { /(\d)$/ ? "usr/share/man/man$1/$_" : () } all_pages();

	make($_, 'install-man', "DESTDIR=$dir/root", 'PREFIX=/usr') for 'libuser', 'libuser/podman';
	same(files_below("$dir/root"), [sort @wanted], 'every_page_is_installed');
	same([grep { read_file("$dir/root/$_") ne read_file(path_of(s{.*/}{}r)) } @wanted],
	     [], 'as_it_is');

	# From a copy, because a build for one PREFIX has that path in its files.
	system('cp', '-a', 'build/lib', "$dir/build");
	make('libuser', 'install', "BUILD=$dir/build", "DESTDIR=$dir/all", 'PREFIX=/usr');
	same([grep { ! -e "$dir/all/$_" } 'usr/include/lockmgr.h',
	      'usr/include/lockmgr.hpp', grep { !/podman/ } @wanted], [],
	     'so_it_is_with_all_the_rest');
	same([grep { /podman/ } @{files_below("$dir/all")}], [], 'but_for_what_is_for_podman');
	make('libuser/podman', 'install-man', "DESTDIR=$dir/all", 'PREFIX=/usr');
	make($_, 'uninstall', "DESTDIR=$dir/all", 'PREFIX=/usr') for 'libuser', 'libuser/podman';
	same(files_below("$dir/all"), [], 'nothing_is_left_when_it_is_uninstalled');
}

test_rendering();
test_sections();
test_links();
test_reading_in_the_tree();
test_references();
test_see_also();
test_examples();
test_installation();
done();
