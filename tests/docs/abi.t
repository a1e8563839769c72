#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# kmod/ABI: every file and directory that it describes exists, and every one that exists is
# described.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my @fields = qw(What Date KernelVersion Contact Description);
my $device = '/sys/class/misc/lockmgr';
my $name = "abi-$$";

# Each entry: a hash of its fields.
sub entries
{
	my ($path) = @_;
	my @entries;

	for my $text (split /^(?=What:)/m, read_file($path)) {
		my %entry = $text =~ /^(\w+):\s*(.*?)\s*(?=^\w+:|\z)/gms;

		push @entries, \%entry if exists $entry{What};
	}
	return @entries;
}

# Makes a space, and attaches a file to it: LOCKMGR_IOC_ATTACH with LOCKMGR_ATTACH_CREATE.
sub make_space
{
	my $attach = pack('Z64 L6 Q3', $name, 1, 0xffffffff, 0xffffffff, 0, 0, 0, 0, 0, 0);

	open(my $file, '+<', '/dev/lockmgr') or die "/dev/lockmgr: $!\n";
	ioctl($file, 0xc070bc01, $attach) or die "attach: $!\n";
	return $file;
}

# LOCKMGR_IOC_UNLINK.
sub remove_space
{
	my ($file) = @_;

	ioctl($file, 0x4048bc02, pack('Z64 L2', $name, 0xffffffff, 0)) or die "unlink: $!\n";
}

# The files and directories that exist, as the description names them, without those that the
# driver core adds to every device.
sub existing
{
	my @found;
	my %core = map { $_ => 1 } qw(dev uevent subsystem power);

	for my $path (glob("$device/*"), glob("$device/spaces/*:$name/*"),
		      glob("$device/spaces/*:$name/stats/*"), glob("$device/spaces/*:$name")) {
		my ($base) = $path =~ m{^\Q$device\E/([^/]+)$};

		next if defined $base && $core{$base};
		$path .= '/' if -d $path;
		push @found, $path =~ s{/spaces/\d+:\Q$name\E}{/spaces/<uid>:<name>}r;
	}
	return set(@found);
}

my @files = map { [entries($_)] } glob('kmod/ABI/*');
my @all = map { @$_ } @files;

same(scalar(@files), 2, 'there_is_a_file_for_sysfs_and_one_for_debugfs');
same([map { $_->{What} // '?' } grep {
	my $entry = $_;

	grep { !length($entry->{$_} // '') } @fields;
} @all], [], 'every_entry_has_all_fields');

if (!-c '/dev/lockmgr') {
	skip('everything_in_sysfs_is_described', 'there is no /dev/lockmgr');
	done();
}

my $file = make_space();
same(existing(), set(grep { m{^\Q$device\E} } map { $_->{What} } @all),
     'everything_in_sysfs_is_described');
remove_space($file);
same(set(glob('/sys/kernel/debug/lockmgr/*')),
     set(grep { m{^/sys/kernel/debug} } map { $_->{What} } @all),
     'everything_in_debugfs_is_described');

my ($features) = map { $_->{Description} } grep { $_->{What} eq "$device/features" } @all;
chomp(my $words = read_file("$device/features"));
same(set($features =~ /^\s*(\w+)  +\w/gm), set(split / /, $words), 'every_feature_is_described');

my ($table) = map { $_->{Description} } grep { $_->{What} =~ /debug/ } @all;
open(my $locks, '<', '/sys/kernel/debug/lockmgr/locks') or die "locks: $!\n";
chomp(my $head = scalar <$locks>);
same(join(' ', $table =~ /^\t\t(\w+) {2,}\S/gm), $head, 'every_column_of_the_table_is_described');

done();
