#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Every file states its licence, and it is the right one for the file's directory.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

# The first rule that matches counts.
my @rules = (
	[qr{^LICENSES/},		undef],
	# Their formats have no comments; debian/copyright is about licences anyway.
	[qr{^debian/(?:changelog|copyright|source/format)$}, undef],
	[qr{^include/uapi/},		'GPL-2.0-only WITH Linux-syscall-note'],
	[qr{^include/|^libuser/},	'LGPL-2.1-or-later'],
	[qr{},				'GPL-2.0-only'],
);

sub wanted_licence
{
	my ($path) = @_;

	for my $rule (@rules) {
		return $rule->[1] if $path =~ $rule->[0];
	}
}

# The tag is in the first line, or in one of the next two if something else must come first.
sub stated_licence
{
	my ($path) = @_;

	open my $file, '<', $path or return "none: $!";
	my $lines = join '', map { scalar(<$file>) // '' } 1 .. 3;
	return $lines =~ m{SPDX-License-Identifier: (.*?)(?: \*/| -->)?$}m ? $1 : 'none';
}

# In a virtual machine, the tree may belong to another user, which git refuses otherwise.
chomp(my @paths = qx(git -c safe.directory='*' ls-files));
if ($? || !@paths) {
	skip('every_file_states_the_licence_of_its_place', 'git does not know this tree');
	done();
}

my %used;
my @wrong;
for my $path (grep { -f && ! -l } @paths) {
	my $wanted = wanted_licence($path) // next;
	my $stated = stated_licence($path);

	push @wrong, "$path: $stated, not $wanted" if $stated ne $wanted;
	$used{$_} = 1 for split / WITH /, $wanted;
}
same(\@wrong, [], 'every_file_states_the_licence_of_its_place');

my @texts = map { m{([^/]+)\.txt$} } glob 'LICENSES/*';
same([sort @texts], [sort keys %used], 'there_is_a_text_of_every_licence_and_no_other');

done();
