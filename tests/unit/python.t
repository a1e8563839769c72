#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# The Python package without the module: mypy and pyflakes find nothing, and it has the
# functions, numbers and layouts of the header, as the C compiler sees them.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my $source = 'libuser/python';
my $header = read_file('include/lockmgr.h') =~ s{/\*.*?\*/}{}gsr;
my $dir = scratch_directory();

$ENV{PYTHONPATH} = $source;
$ENV{PYTHONDONTWRITEBYTECODE} = 1;
$ENV{LD_LIBRARY_PATH} = 'build/lib';

# said(COMMAND): its output, and its wait status if it failed.
sub said
{
	my ($command) = @_;
	my $output = qx($command 2>&1);

	return $output . ($? ? "ended with $?" : '');
}

# Macros of the header that are not numbers.
my %not_numbers = map { $_ => 1 } qw(LOCKMGR_H LOCKMGR_OPTIONS_INIT);

# Where the package has the numbers of the header.
my @kinds = (
	[qr/^LOCKMGR_LOCK_IS_(\w+)$/ => 'lockmgr.LockFlags'],
	[qr/^LOCKMGR_WAITER_(?:IS_)?(\w+)$/ => 'lockmgr.WaiterFlags'],
	[qr/^LOCKMGR_SPACE_IS_(\w+)$/ => 'lockmgr.SpaceFlags'],
	[qr/^LOCKMGR_HAS_(\w+)$/ => 'lockmgr.Features'],
	[qr/^LOCKMGR_(\w+)$/ => 'native'],
);

sub python_number
{
	my ($name) = @_;

	for my $kind (@kinds) {
		return "$kind->[1].$1" if $name =~ $kind->[0];
	}
}

# For each expression in C, the same in Python.
sub facts
{
	my %facts = (
		'sizeof(struct timespec)' => 'ctypes.sizeof(native.timespec)',
		map {(
			"offsetof(struct timespec, $_)" => "native.timespec.$_.offset",
			"sizeof(((struct timespec *)0)->$_)" => "native.timespec.$_.size",
		)} qw(tv_sec tv_nsec)
	);

	for my $name ($header =~ /^#define\s+(LOCKMGR_\w+)/gm) {
		$facts{$name} = python_number($name) if !$not_numbers{$name};
	}
	while ($header =~ /^struct (lockmgr_\w+) \{(.*?)^\}/gms) {
		my ($struct, $body) = ($1, $2);

		$facts{"sizeof(struct $struct)"} = "ctypes.sizeof(native.$struct)";
		for my $field ($body =~ /(\w+)(?:\[\w+\])?;/g) {
			$facts{"offsetof(struct $struct, $field)"} = "native.$struct.$field.offset";
			$facts{"sizeof(((struct $struct *)0)->$field)"} =
				"native.$struct.$field.size";
		}
	}
	return %facts;
}

# One line for each expression, in the same order in both languages.
sub values_in_c
{
	my @expressions = @_;

	write_file("$dir/values.c", join '', "#include <stdio.h>\n#include <lockmgr.h>\n",
		   "int main(void)\n{\n",
		   (map { "\tprintf(\"%s %llu\\n\", \"$_\", (unsigned long long)($_));\n" }
			@expressions), "}\n");
	return said("gcc -Iinclude -o $dir/values $dir/values.c && $dir/values");
}

sub values_in_python
{
	my ($facts, @expressions) = @_;

	write_file("$dir/values.py", join '',
		   "import ctypes\nimport lockmgr\nfrom lockmgr import _native as native\n",
		   map { "print('$_', int($facts->{$_}))\n" } @expressions);
	return said("/usr/bin/python3 $dir/values.py");
}

sub test_values
{
	my %facts = facts();
	my @expressions = sort keys %facts;

	same(scalar(@expressions > 60), 1, 'the_header_is_understood');
	same(values_in_python(\%facts, @expressions), values_in_c(@expressions),
	     'numbers_and_layouts_are_the_header_s');
}

sub test_functions
{
	my %in_header;

	while ($header =~ /(?:^|\n)[^\n#]*?\b(lockmgr_\w+)\(([^;{]*?)\);/gs) {
		my ($name, $arguments) = ($1, $2);

		$in_header{$name} = $arguments eq 'void' ? 0 : 1 + ($arguments =~ tr/,//);
	}
	write_file("$dir/functions.py", join "\n", 'from lockmgr._native import PROTOTYPES',
		   'for name, (_, arguments) in sorted(PROTOTYPES.items()):',
		   '    print(name, len(arguments))', '');
	same(said("/usr/bin/python3 $dir/functions.py"),
	     join('', map { "$_ $in_header{$_}\n" } sort keys %in_header),
	     'the_functions_are_the_header_s');
}

same(said("mypy --strict --no-error-summary --cache-dir=$dir/mypy $source/lockmgr"), '',
     'mypy_finds_nothing');
same(said("pyflakes3 $source tests/python/*"), '', 'pyflakes_finds_nothing');
test_values();
test_functions();
done();
