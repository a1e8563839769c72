#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl: help, version and usage errors. Needs no module.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our $lockctl;

my $help = lockctl('--help')->{out};
my %commands = $help =~ /^  ([a-z]+(?:-[a-z]+)?) +(\S.*)$/gm;

# Help lists these commands and no others, and each has its own help.
sub test_commands
{
	same([sort keys %commands], [qw(
		allocate create deadlocks doctor free free-all graph list restore run save
		set-capacity set-note spaces stats unlink watch who
	)], 'help_lists_the_commands');
	same(lockctl('-h')->{out}, $help, 'short_and_long_help_are_the_same');
	for my $command (sort keys %commands) {
		my $said = lockctl($command, '--help');

		same("$said->{status}$said->{err}", '0', "${command}_has_help");
		lacks($said->{out}, qr/[ \t]$/m, "${command}_has_no_trailing_blanks");
		matches($said->{out}, qr/^Usage: lockctl \Q$command\E \[OPTION\.\.\.\].*\n\n\u\Q$commands{$command}\E\.$/m,
			"${command}_says_what_it_does");
		fails(lockctl($command, '--no-such-option'), 64,
		      qr/^lockctl: unrecognized option '--no-such-option'\nTry 'lockctl \Q$command\E --help'\.$/,
		      "${command}_refuses_an_unknown_option");
	}
}

# lockctl prints help from the table by which it parses options. The words, which cannot be names
# of spaces and are too many for most commands, keep each command from doing anything.
sub test_options
{
	my @words = ('no/space') x 6;

	for my $command (sort keys %commands) {
		my @options = lockctl($command, '--help')->{out} =~ /^  (-\w), (--[a-z-]+)/gm;

		same([grep { lockctl($command, $_, @words)->{err} =~ /(?:invalid|unrecognized) option/ } @options], [],
		     "${command}_knows_the_options_of_its_help");
	}
}

sub test_refused
{
	fails(lockctl(), 64, qr/^lockctl: missing command\nTry 'lockctl --help'\.$/, 'missing_command_is_refused');
	fails(lockctl('lsit'), 64, qr/^lockctl: unknown command 'lsit'$/m, 'unknown_command_is_refused');
	fails(lockctl('who', 'web'), 64, qr/^lockctl: missing argument: SPACE ID$/m, 'missing_arguments_are_named');
	fails(lockctl('who', 'web', 1, 2), 64, qr/^lockctl: unexpected argument '2'$/m, 'surplus_argument_is_named');
	fails(lockctl('watch', '--interval', 0), 64, qr/invalid interval '0': not a number of seconds$/m,
	      'watch_refuses_an_interval_of_0');
	fails(lockctl('watch', '--count', 'x'), 64, qr/invalid count 'x'$/m,
	      'watch_refuses_a_count_that_is_not_a_number');
	fails(lockctl('allocate', '--count'), 64, qr/^lockctl: option '--count' requires an argument$/m,
	      'long_option_without_its_argument_is_refused');
	fails(lockctl('allocate', '-c'), 64, qr/^lockctl: option requires an argument -- 'c'$/m,
	      'short_option_without_its_argument_is_refused');
	fails(lockctl('list', '-aXn'), 64, qr/^lockctl: invalid option -- 'X'$/m,
	      'unknown_letter_among_others_is_named');
	fails(lockctl('list', 'x', '-X'), 64, qr/^lockctl: invalid option -- 'X'$/m,
	      'unknown_option_after_a_word_is_named');
	fails(lockctl('list', '--json=x'), 64, qr/^lockctl: option '--json' doesn't allow an argument$/m,
	      'argument_of_an_option_that_takes_none_is_refused');
	fails(lockctl('run', '--no'), 64, qr/^lockctl: option '--no' is ambiguous; possibilities: .*'--nonblock'/m,
	      'prefix_of_two_options_is_refused');
	fails(lockctl('--no-such', 'list'), 64,
	      qr/^lockctl: unrecognized option '--no-such'\nTry 'lockctl --help'\.$/,
	      'unknown_option_before_the_command_is_refused');
	# deadlocks prints sentences rather than a table, so it has no headings to leave out.
	fails(lockctl('deadlocks', '--noheadings'), 64, qr/^lockctl: unrecognized option '--noheadings'$/m,
	      'deadlocks_refuses_noheadings');
}

sub test_version
{
	my ($version) = read_file('dkms.conf') =~ /^PACKAGE_VERSION="(.*)"$/m;

	same(lockctl('--version')->{out}, "lockctl $version (liblockmgr $version)\n",
	     'version_is_that_of_the_project');
	same(lockctl('-V')->{out}, lockctl('--version')->{out}, 'version_has_a_short_option');
}

sub test_full_disk
{
	my $said = run_as('root', '', 'sh', '-c', "exec $lockctl --help >/dev/full");

	same($said->{status}, 74, 'full_disk_makes_the_status_74');
	matches($said->{err}, qr/^lockctl: cannot write: No space left on device$/, 'full_disk_is_reported');
}

test_commands();
test_options();
test_refused();
test_version();
test_full_disk();
done();
