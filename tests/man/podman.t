#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockmgr-podman(7): it says what the library in libuser/podman says.

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

# Any conversion of printf(), and any number of string literals, one after the other.
my $conversion = qr/%[#0-9]*(?:ll|z)?[a-z]/;
my $literal = qr/"(?:[^"\\]|\\.)*"/;

# The formats of a kind of statement: up to the end of the line, which is where the reason
# ends and advice begins.
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

# What a message with that format looks like on the page, where a path can be spelled out.
sub pattern
{
	my ($format) = @_;
	my $text = join '\S+', map { quotemeta } split /$conversion/, $format, -1;

	return qr{^$text$};
}

# The titles of entries: the lines above a text that is indented more.
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
