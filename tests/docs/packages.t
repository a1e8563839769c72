#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Every place that repeats the version, the library's symbols or the range of kernels has the
# same as the others.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my $readme = read_file('README.md');
my $dkms = read_file('dkms.conf');
my ($version) = $dkms =~ /^PACKAGE_VERSION="(.*)"$/m;

sub first
{
	my ($path, $pattern) = @_;

	return read_file($path) =~ $pattern ? $1 : 'none';
}

sub test_version
{
	my @named = $readme =~ m{\blockmgr[-/](\d+\.\d+\.\d+)}g;

	same(first('debian/changelog', qr/\Alockmgr \((.*)-1~upstream1\)/), $version,
	     'the_changelog_of_debian_begins_with_the_version');
	same(first('NEWS', qr/^(\d+\.\d+\.\d+)$/m), $version, 'so_do_the_news');
	same(first('libuser/go/handle.go', qr/^const Version = "(.*)"$/m), $version,
	     'so_does_the_go_package');
	same(first('libuser/go/handle.go', qr/^const versionMajor = (\d+)$/m),
	     ($version =~ /^(\d+)/)[0], 'and_its_major_version_is_that_of_it');
	same(first('libuser/go/doc.go', qr/require example\.org\/lockmgr v(\S+)/), $version,
	     'and_so_does_its_documentation');
	same(first('libuser/python/lockmgr/__init__.py', qr/^__version__ = "(.*)"$/m), $version,
	     'so_does_the_python_package');
	same(set(@named), [$version], 'readme_names_no_other');
}

sub test_symbols
{
	my @packaged = read_file('debian/liblockmgr1.symbols') =~ /^ (lockmgr_\w+\@\S+)/gm;
	# For the compiler, or for the assembler.
	my %old = map { $_ => 1 } read_file('libuser/old.c') =~ /(lockmgr_\w+\@LOCKMGR_[\d.]+)/g;
	my @exported = keys %old;
	my $version;

	for (split /\n/, read_file('libuser/liblockmgr.map')) {
		$version = $1 if /^(LOCKMGR_[\d.]+) /;
		push @exported, "$1\@$version" if /^\t(lockmgr_\w+);/;
	}
	same([sort @packaged], [sort @exported], 'packages_say_the_symbols_of_the_library');
}

# Every place that names the oldest kernel names the same, "6.1".
sub test_kernels
{
	my ($major, $minor) = read_file('Kbuild') =~ /-ge (\d+)(\d{3}) /;
	my $oldest = "$major." . int($minor);

	same(first('Kbuild', qr/needs Linux ([\d.]+) or later/), $oldest,
	     'kbuild_names_the_oldest_kernel_that_it_takes');
	same(first('dkms.conf', qr/Linux ([\d.]+), and 6\.5 or later/), $oldest, 'so_does_dkms');
	same(first('README.md', qr/Linux ([\d.]+), or 6\.5 or later/), $oldest,
	     'so_does_readme');
	same(first('debian/control', qr/installed: ([\d.]+), and 6\.5 or later/), $oldest,
	     'so_does_the_package');
	same([grep { read_file($_) =~ /LINUX_VERSION_CODE|KERNEL_VERSION\(/ } glob('kmod/*.[ch]')],
	     ['kmod/compat.h'], 'only_compat.h_depends_on_the_version_of_the_kernel');
}

test_version();
test_symbols();
test_kernels();
done();
