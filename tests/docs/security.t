#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# SECURITY.md: each promise names a test, and each test that is named exists.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my $text = read_file('SECURITY.md');

# The rows of the tables whose columns are "promise" and "test".
sub promises
{
	my @rows;

	while ($text =~ /^\| promise \| test \|\n\|[^\n]*\|\n((?:\|[^\n]*\n)+)/gm) {
		push @rows, map { [/^\| (.*) \| (.*) \|$/] } split /\n/, $1;
	}
	return @rows;
}

# Whether FILE.c or FILE.t has that name; a test inside the module is in a .c file, too.
sub defines
{
	my ($file, $name) = @_;

	return grep { -e && read_file($_) =~ /\b\Q$name\E\b/ } "$file.c", "$file.t";
}

my @promises = promises();
my @tests = $text =~ /`(tests\/[\w\/-]+): (\w+)`/g;
my @missing;

while (my ($file, $name) = splice @tests, 0, 2) {
	push @missing, "$file: $name" unless defines($file, $name);
}
same([map { $_->[0] } grep { $_->[1] !~ m{`tests/} } @promises], [],
     'every_promise_names_a_test');
same(scalar(@promises) >= 20 ? 'many' : 'few', 'many', 'promises_are_found_in_their_tables');
same(\@missing, [], 'every_test_that_is_named_exists');
done();
