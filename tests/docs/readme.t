#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# README.md: its example works, and what it says of this tree is true.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/docs/headers.pl';
}

sub section
{
	my ($text, $title) = @_;

	return $text =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms ? $1 : die "no section '$title'";
}

my $readme = read_file('README.md');
my $makefile = read_file('Makefile');

# What is set as code: between backticks, or indented.
my @code = ($readme =~ /`([^`\n]+)`/g, $readme =~ /^    (.*)$/gm);

sub test_example
{
	my $usage = section($readme, 'Use the library');
	my ($source) = $usage =~ /^```c\n(.*?)^```$/ms;
	my ($command) = $usage =~ /^    (cc .*)$/m;
	chomp(my $top = qx(pwd));
	my $dir = scratch_directory();
	my $pc = read_file('build/lib/liblockmgr.pc');

	# As if the library were installed where it was built.
	$pc =~ s{^libdir=.*}{libdir=$top/build/lib}m;
	$pc =~ s{^includedir=.*}{includedir=$top/include}m;
	write_file("$dir/liblockmgr.pc", $pc);
	write_file("$dir/example.c", $source);

	local $ENV{PKG_CONFIG_PATH} = $dir;
	local $ENV{LD_LIBRARY_PATH} = "$top/build/lib";
	same(scalar qx(cd '$dir' && $command 2>&1), '', 'the_example_compiles_without_a_warning');
	if (-c '/dev/lockmgr') {
		same(scalar qx('$dir/a.out' 2>&1), "Process has lock 0.\n", 'the_example_runs');
	} else {
		skip('the_example_runs', 'there is no /dev/lockmgr');
	}
}

sub test_errors
{
	my @documented = map { /`(E[A-Z0-9]+)`/g }
			 section($readme, 'Troubleshooting') =~ /^\|([^|]*)\|/gm;

	same(set(@documented), set(read_file('include/lockmgr.h') =~ /-(E[A-Z][A-Z0-9]+)\b/g),
	     'troubleshooting_has_the_errors_of_the_header');
}

sub test_make
{
	my @targets = map { /\bmake ([a-z][a-z-]*)/g } @code;
	my @variables = map { /\b([A-Z]+)=/g } grep { /^make |^[A-Z]+=[\w.]+$/ } @code;
	my @main = qw(help demo check lint bench shell install);

	same([grep { $makefile !~ /^(?:[\w-]+ )*\Q$_\E(?: [\w-]+)*:/m } @{set(@targets)}], [],
	     'every_target_named_exists');
	same([grep { $makefile !~ /^\Q$_\E \?=/m } @{set(@variables)}], [],
	     'every_variable_of_make_exists');
	same([grep { $readme !~ /\bmake \Q$_\E\b/ } @main], [],
	     'the_main_targets_are_named');
}

sub test_parameters
{
	my %documented = section($readme, 'Install') =~ /^\| `(\w+)` \|.*\| (\d+) \|$/gm;

	same([sort keys %documented], set(read_file('kmod/main.c') =~ /^module_param\w*\((\w+)/gm),
	     'every_module_parameter_is_described');
	same([map { "$_ $documented{$_}" } sort keys %documented], module_limits(),
	     'so_are_their_defaults');
}

sub test_paths
{
	my @paths = map { m{^((?:include|kmod|libuser|tests|LICENSES)/[\w./-]*)} } @code;

	same(scalar(@paths > 5), 1, 'paths_are_named');
	same([grep { ! -e } @{set(@paths)}], [], 'every_path_named_exists');
}

test_example();
test_errors();
test_make();
test_parameters();
test_paths();
done();
