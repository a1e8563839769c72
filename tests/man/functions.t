#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# The manual pages of the library agree with include/lockmgr.h.

use strict;
use warnings;

use Errno ();

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/docs/headers.pl';
	require './tests/man/man.pl';
}

my $header = read_file('include/lockmgr.h');
my %functions = map { $_->{name} => $_ } functions($header);
my @exported = read_file('libuser/liblockmgr.map') =~ /^\t(lockmgr_\w+);/gm;
my %text = map { $_ => rendered($_) } pages('3');
my %page_of = map { my $page = $_; map { $_ => $page } names($page) } keys %text;

# By the beginning of flags' names: the function that takes or returns them, on whose page they
# are described.
my %described_with = (
	LOCKMGR_OPEN_		=> 'lockmgr_open',
	LOCKMGR_SPACE_IS_	=> 'lockmgr_info',
	LOCKMGR_LOCK_IS_	=> 'lockmgr_list',
	LOCKMGR_WAITER_		=> 'lockmgr_list_waiters',
	LOCKMGR_HAS_		=> 'lockmgr_module',
);

my @common = errors_in(comment_of($header, 'Errors that any function'));

sub page_text
{
	my ($name) = @_;

	return $text{$page_of{$name} // ''} // '';
}

sub prototypes
{
	my ($text) = @_;

	return one_line(section($text, 'SYNOPSIS')) =~ /((?:const )?\w+ \*?lockmgr_\w+\([^;]*\));/g;
}

sub test_functions
{
	my @described = grep { /^lockmgr_/ } keys %page_of;

	same(set(@described), set(@exported), 'every_exported_function_has_a_page_and_no_other');
	same([sort map { one_line($_->{declaration}) } values %functions],
	     [sort map { prototypes($_) } values %text], 'synopses_are_as_declared');
	same([grep { my $name = $_; !grep { /\b$name\(/ } prototypes(page_text($name)) } @exported],
	     [], 'each_on_the_page_of_its_function');

	my @named = map { /\b(lockmgr_\w+)\(\)/g } values %text;
	same([grep { !$functions{$_} } @{set(@named)}], [], 'every_function_named_exists');
}

sub has_handle
{
	my ($name) = @_;

	return $functions{$name}{parameters} =~ /^struct lockmgr \*\w/;
}

# The errors of a function on its page. An error that names no functions applies to all
# functions of the page that take a handle.
sub errors_on_page
{
	my ($name) = @_;
	my @errors = described_errors(section(page_text($name), 'ERRORS'));

	return map { $_->{name} } grep {
		my @for = @{$_->{functions}};

		@for ? grep { $_ eq $name } @for : has_handle($name);
	} @errors;
}

sub wrong_errors
{
	my ($name) = @_;
	my %stated = map { $_ => 1 } errors_on_page($name);
	my %listed = map { $_ => 1 } errors_in($functions{$name}{comment});
	my %allowed = (%listed, has_handle($name) ? map { $_ => 1 } @common : ());

	return ((map { "$name: lacks $_" } grep { !$stated{$_} } sort keys %listed),
		(map { "$name: not $_" } grep { !$allowed{$_} } sort keys %stated));
}

sub test_errors
{
	my @of_all = described_errors(section($text{'liblockmgr.3'}, 'ERRORS'));
	my @all = map { described_errors(section($_, 'ERRORS')) } values %text;
	my @for = map { @{$_->{functions}} } @all;

	same([map { wrong_errors($_) } @exported], [],
	     'every_function_has_the_errors_of_the_header');
	same(set(map { $_->{name} } @of_all), set(@common), 'so_has_the_library');
	same([grep { !$functions{$_} } @{set(@for)}], [], 'errors_are_those_of_functions');

	# The page of each function that takes a handle has ECHILD.
	same([grep { has_handle($_) && $_ ne 'lockmgr_close' &&
		     !grep { $_ eq 'ECHILD' } errors_on_page($_) } @exported], [],
	     'every_function_with_a_handle_fails_in_children');
}

# The constants that are a bit.
sub flags
{
	return $header =~ /^#define\s+(LOCKMGR_\w+)\s+\(1U?L?L? << /gm;
}

sub is_described
{
	my ($flag) = @_;
	my ($family) = grep { $flag =~ /^$_/ } keys %described_with;

	return $family && page_text($described_with{$family}) =~ /\b$flag\b/;
}

sub test_constants
{
	my %known = map { $_ => 1 } constants($header);
	my %named = map { $_ => 1 } map { /\b(LOCKMGR_[A-Z][A-Z_]+)\b(?!\()/g } values %text;
	my @flags = flags();

	same(scalar(@flags > 10), 1, 'there_are_flags');
	same([grep { !is_described($_) } @flags], [], 'every_flag_is_on_the_page_of_its_function');
	same([sort keys %named], [sort keys %known], 'every_constant_is_named_and_no_other');
}

# Names of the library in pages of other sections, which only mention them.
sub test_elsewhere
{
	my $text = join '', map { rendered($_) } pages('1'), pages('7');
	my $uapi = read_file('include/uapi/linux/lockmgr.h');
	my @variables = map { read_file($_) =~ /^#define \w*VARIABLE\s+"(LOCKMGR_[A-Z_]+)"/mg }
		glob('libuser/lockctl/*.c');
	my %constants = map { $_ => 1 } constants($header), constants($uapi), @variables;
	my %errors = map { $_ => 1 } @common, map { errors_in($_->{comment}) } values %functions;
	my @named = $text =~ /\b(LOCKMGR_[A-Z_]+)\b/g;
	my @failures = grep { exists $!{$_} } $text =~ /\b(E[A-Z]{3,})\b/g;

	same(scalar(@named && @failures ? 1 : 0), 1, 'other_sections_name_constants_and_errors');
	same([grep { !$constants{$_} } @{set(@named)}], [], 'those_constants_exist');
	same([grep { !$errors{$_} } @{set(@failures)}], [], 'and_those_errors_are_returned');
	same([grep { !$functions{$_} } @{set($text =~ /\b(lockmgr_\w+)\s?\(3?\)/g)}], [],
	     'and_those_functions_are_there');
}

sub test_structs
{
	my %declared = structs($header);
	my %shown = map { structs($_) } values %text;

	same([map { $shown{$_} } sort keys %shown], [map { $declared{$_} } sort keys %declared],
	     'structs_are_as_declared');
}

test_functions();
test_errors();
test_constants();
test_structs();
test_elsewhere();
done();
