#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockmgr(4) agrees with include/uapi/linux/lockmgr.h and the module; and numbers in pages are
# those of the sources.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/docs/headers.pl';
	require './tests/man/man.pl';
}

my $header = read_file('include/uapi/linux/lockmgr.h');
my $page = rendered('lockmgr.4');
my %struct_of = $header =~ /^#define\s+(LOCKMGR_IOC_\w+)\s+_IO\w+\(\w+, 0x\w+, struct (\w+)\)/gm;
my %structs = structs($header);

# Limits that pages name: the page, a pattern for the number there, the source file, and a
# pattern for the number there.
my @numbers = (
	['lockmgr.4', qr/from (\d+) to \d+\./, 'kmod/ioctl.c', qr/ENTRY_SIZE_MIN\s+(\d+)/],
	['lockmgr.4', qr/from \d+ to (\d+)\./, 'kmod/ioctl.c', qr/ENTRY_SIZE_MAX\s+(\d+)/],
	['lockmgr.4', qr/at least (\d+) locks/, 'kmod/record.h', qr/GROUP_RECORDS\s+(\d+)/],
	['lockmgr.4', qr/have, from 1 to (\d+)/,
	 'include/uapi/linux/lockmgr.h', qr/CAPACITY_MAX\s+(\d+)/],
	['lockmgr.4', qr/has the mode (\d+)/, 'kmod/device.c', qr/\.mode\s+= (\d+)/],
	['lockmgr.4', qr/\(at most \d+; 0: (\d+)\)/, 'kmod/ioctl.c', qr/attach->mode \?: (\d+)/],
	['lockmgr_lock.3', qr/more than (\d+) threads/, 'kmod/deadlock.c', qr/MAX_STEPS\s+(\d+)/],
	['lockmgr.7', qr/more than (\d+) threads/, 'kmod/deadlock.c', qr/MAX_STEPS\s+(\d+)/],
);

# What the header says of a command: the comment of its struct, or the command's part of that
# comment if several commands share the struct.
sub comment_of_command
{
	my ($command) = @_;
	my $comment = comment_of($header, "struct $struct_of{$command} - ");

	return $comment if $comment !~ /^ \* LOCKMGR_IOC_\w+:/m;
	return $comment =~ /^ \* \Q$command\E:(.*?)(?=^ \* LOCKMGR_IOC_|\z)/ms ? $1 : '';
}

sub errors_of_page
{
	my ($text) = @_;

	return set(map { $_->{name} } described_errors($text));
}

sub lines_of
{
	my ($command, $errors) = @_;

	return map { "$command $_" } @$errors;
}

sub test_commands
{
	my @commands = sort keys %struct_of;
	my %subsection = map { $_ => subsection($page, $_) } @commands;

	same(scalar(@commands), scalar(my @ids = $header =~ /^#define LOCKMGR_IOC_(?!MAGIC)/gm),
	     'every_command_is_understood');
	same([grep { $subsection{$_} !~ /struct $struct_of{$_}\b/ } @commands], [],
	     'every_command_is_described_with_its_struct');
	same([map { lines_of($_, errors_of_page($subsection{$_})) } @commands],
	     [map { lines_of($_, set(errors_in(comment_of_command($_)))) } @commands],
	     'each_has_the_errors_of_the_header');
}

sub test_other_errors
{
	my ($common) = $header =~ /^ \* Errors that any command may return\n(.*?)\*\//ms;
	my $mapping = comment_of($header, "Mapped records");

	# In that comment, the names are in a column of their own.
	same(errors_of_page(section($page, 'ERRORS')), set($common =~ /^ \*   (E[A-Z0-9]+) /gm),
	     'errors_of_any_command_are_those_of_the_header');
	same(errors_of_page(subsection($page, 'Mapped records')), set(errors_in($mapping)),
	     'so_are_those_of_mapping');
}

sub test_declarations
{
	my %shown = structs($page);
	my %known = map { $_ => 1 } grep { !/^LOCKMGR_IOC_/ } constants($header);
	my %named = map { $_ => 1 } $page =~ /\b(LOCKMGR_(?!IOC_)[A-Z][A-Z_]+)\b/g;

	same([map { $shown{$_} } sort keys %shown], [map { $structs{$_} } sort keys %structs],
	     'structs_are_as_declared');
	same([sort keys %named], [sort keys %known], 'every_constant_is_named_and_no_other');
}

sub test_parameters
{
	my %described = subsection($page, 'Module parameters') =~ /^ +(\w+) \(default: (\d+)\)$/gm;

	same([map { "$_ $described{$_}" } sort keys %described], module_limits(),
	     'parameters_have_their_defaults');
}

sub number
{
	my ($text, $pattern) = @_;

	return $text =~ $pattern ? $1 : 'none';
}

sub test_numbers
{
	same([map { "$_->[0]: " . number(rendered($_->[0]), $_->[1]) } @numbers],
	     [map { "$_->[0]: " . number(read_file($_->[2]), $_->[3]) } @numbers],
	     'numbers_are_those_of_the_sources');
}

test_commands();
test_other_errors();
test_declarations();
test_parameters();
test_numbers();
done();
