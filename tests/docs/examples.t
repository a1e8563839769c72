#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs in manual pages compile and run. tests/man/pages.t tests that all examples compile.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/man/man.pl';
}

my $dir = scratch_directory();

my %examples = map { examples($_) } pages('3-7');

for my $name (sort grep { $examples{$_} =~ /\bmain\(/ } keys %examples) {
	same(compile("$dir/$name", $examples{$name}), '', "$name compiles");
	same(system("$dir/$name.run >/dev/null"), 0, "$name runs");
}
done();
