#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# The API as HTML (`make docs`): the filtered header that Doxygen reads has everything of
# include/lockmgr.h, and Doxygen, if it is installed, prints no warning.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/docs/headers.pl';
}

my $header = read_file('include/lockmgr.h');
my $filtered = qx(docs/doxygen-filter include/lockmgr.h 2>&1);
my %before = map { $_->{name} => $_ } functions($header);
my %after = map { $_->{name} => $_ } functions($filtered);
my @names = sort keys %before;

sub without_comments
{
	my ($text) = @_;

	return join "\n", map { s/\s+$//r } grep { /\S/ } split /\n/, $text =~ s{/\*.*?\*/}{}gsr;
}

# The words of a text, one per line, in a form that can be compared.
sub words
{
	my ($text) = @_;

	return join "\n", sort map { lc } $text =~ /\w+/g;
}

# The words of the header's comments, without those that only mark something.
sub words_of_header
{
	my $text = join "\n", $header =~ m{/\*.*?\*/}gs;

	$text =~ s{(/\*\*\n \* struct .*?\*/)}{ $1 =~ s/^ \* \@\w+:/ */gmr }gse;
	$text =~ s/^ \* (?:liblockmgr|struct \w+|\w+\(\)) - //gm;
	return words($text =~ s/^ \* Return: //gmr);
}

sub words_of_filtered
{
	my $text = join "\n", $filtered =~ m{/\*.*?\*/}gs;

	$text =~ s{/\*\* \@file.*}{}s;
	return words($text =~ s/\@(?:(?:section|defgroup) \S+|\w+)//gr);
}

# What one pattern finds in each function's comment in the header, another must find in the
# filtered one.
sub test_each
{
	my ($before, $after, $name) = @_;

	same([map { my $comment = $after{$_}{comment}; "$_: @{[$comment =~ /$after/g]}" } @names],
	     [map { my $comment = $before{$_}{comment}; "$_: @{[$comment =~ /$before/g]}" } @names],
	     $name);
}

sub test_filter
{
	my $errors = qr/-E[A-Z0-9]+(?:, ?-E[A-Z0-9]+)*/;

	same(without_comments($filtered), without_comments($header), 'declarations_are_left_alone');
	same(words_of_filtered(), words_of_header(), 'no_word_of_a_comment_is_lost');
	same([$filtered =~ /^ \* (?:@\w+:|Return:|struct \w+ - |\w+\(\) - ).*$/gm], [],
	     'no_mark_of_the_other_kind_is_left');
	test_each(qr/^ \* \w+\(\) - (.*)/m, qr/^ \* \@brief (.*)/m, 'every_function_has_a_headline');
	test_each(qr/^ \* @(\w+): /m, qr/^ \* \@param (\w+) /m, 'every_parameter_is_one');
	test_each(qr/^ \* Return: (\S+)/m, qr/^ \* \@return (\S+)/m, 'so_is_every_result');
	same([map { "$_: " . join ' ', map { /\w+/g } $after{$_}{comment} =~
			/^ \* \@retval ($errors) \S/gm } @names],
	     [map { "$_: " . join ' ', map { /\w+/g } errors_in($before{$_}{comment}) } @names],
	     'so_is_every_error');
}

sub test_structs
{
	my %structs = structs($header);
	my ($members, $described) = (0, 0);

	$members += () = /;/g for map { s/\};//r } values %structs;
	$described++ while $filtered =~ m{^\t[^/]*; /\*\*< \S.* \*/$}gm;
	same($described, $members, 'every_member_is_described_where_it_is_declared');
}

# Doxygen writes to a scratch directory.
sub test_doxygen
{
	my $dir = scratch_directory();
	my $options = read_file('docs/Doxyfile') . "OUTPUT_DIRECTORY = $dir\n";

	write_file("$dir/options", $options);
	same(scalar qx(LOCKMGR_VERSION=1 doxygen '$dir/options' 2>&1), '',
	     'doxygen_has_nothing_to_say');

	my $html = read_file("$dir/html/lockmgr_8h.html");
	# The names in those rows of a table that a row with a description follows.
	my %shown = map { $_ => 1 }
		    $html =~ m{"memItemRight"[^>]*><(?:b|a [^>]*)>(\w+)<(?:(?!</tr>).)*</tr>\s*
			       <tr\ class="memdesc}gsx;

	same([grep { !$shown{$_} } @names, constants($header)], [],
	     'every_function_and_constant_is_described');
}

test_filter();
test_structs();
if (-x '/usr/bin/doxygen') {
	test_doxygen();
} else {
	skip('doxygen_has_nothing_to_say', 'there is no doxygen');
}
done();
