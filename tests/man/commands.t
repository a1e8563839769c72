#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl(1), and what other pages say of lockctl, agree with its --help.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/man/man.pl';
}

my $lockctl = 'build/lockctl/lockctl';

sub help
{
	my ($command) = @_;
	my $text = qx($lockctl $command --help 2>&1);

	die "lockctl $command --help: $text" if $?;
	return $text;
}

sub commands
{
	return help('') =~ /^Commands:\n((?:  .*\n)+)/m ? $1 =~ /^  ([a-z-]+) /gm : ();
}

# "-x, --name" of each option of these commands, and of lockctl itself.
sub options_in_help
{
	return set(map { help($_) =~ /^ +(-\w, --[a-z-]+)/gm } '', @_);
}

# In the same form: the page names each option with both names at least once.
sub options_of_page
{
	my ($page) = @_;

	return set($page =~ /(-\w, --[a-z-]+)/g);
}

# The options that a text mentions, in the long or the short form.
sub options_mentioned
{
	my ($text) = @_;

	return $text =~ /(?<![\w-])(--[a-z][a-z-]*|-[A-Za-z])(?![\w-])/g;
}

# The commands that a page mentions as "lockctl save" in bold, or README as code.
sub commands_mentioned
{
	return read_file('README.md') =~ /(?:^    |`)(?:sudo )?lockctl (?!-)([a-z-]+)/gm,
	       map { read_file(path_of($_)) =~ /^\.BR? "?lockctl (?!-)([a-z-]+)/gm }
	       pages('1-9');
}

# The first word of each entry of the section.
sub commands_described
{
	my ($section) = read_file(path_of('lockctl.1')) =~ /^\.SH COMMANDS\n(.*?)^\.SH/ms;

	return map { s/\\//gr } $section =~ /^\.TP\n\.B\w* "?([a-z\\-]+)/gm;
}

sub test_commands
{
	my (@commands) = @_;
	my %known = map { $_ => 1 } @commands;

	same(scalar(@commands > 10), 1, 'there_are_commands');
	same(set(commands_described()), set(@commands), 'every_command_is_described_and_no_other');
	same([grep { !$known{$_} } @{set(commands_mentioned())}], [],
	     'every_command_mentioned_exists');
}

sub test_options
{
	my ($page, @commands) = @_;
	my $options = options_in_help(@commands);
	my %known = map { $_ => 1 } map { split /, / } @$options;

	same(options_of_page($page), $options, 'every_option_is_described_and_no_other');
	same([grep { !$known{$_} } @{set(options_mentioned(section($page, 'COMMANDS')))}], [],
	     'every_option_mentioned_exists');
}

if (-e path_of('lockctl.1')) {
	my $page = rendered('lockctl.1');

	test_commands(commands());
	test_options($page, commands());
} else {
	skip('lockctl.1_says_what_help_says', 'there is no lockctl yet');
}
done();
