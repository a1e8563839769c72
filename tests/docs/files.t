#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockmgr(4), FILES: the files and fields that the module shows are those on the page.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my $device = '/sys/class/misc/lockmgr';
my $space = "docs-files.$$";

# Files that every device has, and directories that are described separately.
my %not_ours = map { $_ => 1 } qw(dev power subsystem uevent spaces stats);

# By each path in the section: the names that are described for it. Names are in italics; UID
# is, too, but is a part of a path.
sub described
{
	my ($section) = read_file('libuser/man/man4/lockmgr.4') =~ /^\.SH FILES\n(.*?)^\.SH/ms;
	my %names;

	for my $entry (split /^\.TP\n/m, $section) {
		my ($path, @names) = $entry =~ /^\.IR? (\S+)/gm;

		$names{$path} = set(grep { $_ ne 'UID' } @names) if $path;
	}
	return %names;
}

# Makes the space; the file is its client until it is closed.
sub attach
{
	# LOCKMGR_IOC_ATTACH with LOCKMGR_ATTACH_CREATE, and defaults for all else.
	my $number = 3 << 30 | 112 << 16 | 0xbc << 8 | 0x01;
	my $args = pack 'a64 L6 Q3', $space, 1, 0xffffffff, 0xffffffff, 0, 0, 0, 0, 0, 0;

	open my $file, '+<', '/dev/lockmgr' or die "/dev/lockmgr: $!";
	ioctl $file, $number, $args or die "cannot attach: $!";
	return $file;
}

sub entries
{
	my ($directory) = @_;

	return set(grep { !$not_ours{$_} } map { m{([^/]+)$} } glob "$directory/*");
}

# test(PATH ON THE PAGE, NAMES THAT EXIST)
sub test
{
	my ($path, $seen) = @_;
	my %described = described();

	same($seen, $described{$path} // [], "$path has what the page says");
}

# The module's parameters are described in another section of the page.
sub test_sysfs
{
	test("$device/", entries($device));
	test("$device/spaces/UID:NAME/", entries("$device/spaces/$<:$space"));
	test("$device/spaces/UID:NAME/stats/", entries("$device/spaces/$<:$space/stats"));
	same(entries('/sys/module/lockmgr/parameters'),
	     set(read_file('libuser/man/man4/lockmgr.4') =~ /^\.IR (\w+) " \(default/gm),
	     'parameters_are_those_of_the_page');
}

sub test_fdinfo
{
	my ($file) = @_;
	my @keys = read_file('/proc/self/fdinfo/' . fileno $file) =~ /^(\w+):/gm;

	test('/proc/PID/fdinfo/FD', set(grep { !/^(?:pos|flags|mnt_id|ino)$/ } @keys));
}

sub test_tracing
{
	my $events = '/sys/kernel/tracing/events/lockmgr';

	if (-d $events) {
		test("$events/", set(grep { !/^(?:enable|filter)$/ } @{entries($events)}));
	} else {
		skip('tracepoints', 'this kernel has none, or tracefs is not mounted');
	}
}

if (-d "$device/spaces") {
	my $file = attach();

	test_sysfs();
	test_fdinfo($file);
	test_tracing();
} else {
	skip('files', 'the kernel shows nothing of lockmgr');
}
done();
