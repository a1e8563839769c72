#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockmgr-podman(7) agrees with the library in libuser/podman.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/man/man.pl';
}

my $name = 'lockmgr-podman.7';
my $page = rendered($name);
my $source = join '', map { read_file($_) } sort glob 'libuser/podman/*.c';

# A conversion of printf(), and a string literal.
my $conversion = qr/%[#0-9]*(?:ll|z)?[a-z]/;
my $literal = qr/"(?:[^"\\]|\\.)*"/;

# The formats of a kind of statement, each up to its first line end: the reason is in the first
# line, advice follows.
sub formats
{
	my ($statement) = @_;
	my @formats;

	while ($source =~ /$statement((?:$literal\s*)+)/g) {
		my $text = join '', map { substr $_, 1, -1 } $1 =~ /$literal/g;

		push @formats, $text =~ s/\\n.*//sr;
	}
	return @formats;
}

# A pattern for a message of that format on the page, which may spell out a path.
sub pattern
{
	my ($format) = @_;
	my $text = join '\S+', map { quotemeta } split /$conversion/, $format, -1;

	return qr{^$text$};
}

# The messages that have an entry in a section: the lines with less indentation than the text.
sub messages
{
	my ($section) = @_;

	return grep { /^[a-z\/]/ } $section =~ /^ {7}(\S.*)$/gm;
}

sub test_messages
{
	my $section = section($page, 'DIAGNOSTICS');
	my @shown = messages($section);
	my @formats = (formats(qr/\brefuse\(/), formats(qr/\breturn (?="there is|"the module)/));

	same(scalar(@formats > 20), 1, 'messages_are_found_in_the_source');
	same([grep { my $pattern = pattern($_); 1 != grep { /$pattern/ } @shown } @formats], [],
	     'every_message_of_the_source_is_on_the_page_once');
	same([grep { my $shown = $_; !grep { $shown =~ pattern($_) } @formats } @shown], [],
	     'and_no_other');
	same([$section =~ /begins with (\S+:)\./], [$source =~ /"(lockmgr-podman:) "/],
	     'they_begin_as_the_page_says');
}

sub test_paths
{
	my ($number) = section($page, 'EXIT STATUS') =~ /exit status (\d+)/;
	my @names = $source =~ m{"/(libpod_[a-z_]+)"}g;

	same($number, $source =~ /#define EXIT_REFUSED\s+(\d+)/ ? $1 : '',
	     'the_exit_status_is_that_of_the_source');
	same([sort @names], set(section($page, 'FILES') =~ m{/dev/shm/(libpod_[a-z_]+)}g),
	     'the_files_are_those_of_the_source');
	same([section($page, 'ENVIRONMENT') =~ /^ {7}([A-Z_]+)$/gm], ['LD_PRELOAD'],
	     'no_variable_but_that_of_the_linker_is_described');
	same($source =~ /getenv/ ? 'a variable' : 'none', 'none', 'nor_is_one_read');
}

test_messages();
test_paths();
done();
