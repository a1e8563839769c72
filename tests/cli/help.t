#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# What lockctl says of itself, and what it refuses. Needs no module.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our $lockctl;

my $help = lockctl('--help')->{out};
my %commands = $help =~ /^  ([a-z]+(?:-[a-z]+)?) +(\S.*)$/gm;

# Every sub-command of the issue's list, and nothing that nobody knows of.
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
		      "${command}_refuses_what_is_no_option");
	}
}

# Help is printed from the table from which options are parsed.  Words that cannot
# be names of spaces, and too many for most commands, keep anything from being done.
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
	fails(lockctl(), 64, qr/^lockctl: missing command\nTry 'lockctl --help'\.$/, 'a_command_is_needed');
	fails(lockctl('lsit'), 64, qr/^lockctl: unknown command 'lsit'$/m, 'it_has_to_exist');
	fails(lockctl('who', 'web'), 64, qr/^lockctl: missing argument: SPACE ID$/m, 'words_are_needed');
	fails(lockctl('who', 'web', 1, 2), 64, qr/^lockctl: unexpected argument '2'$/m, 'but_not_more_than_that');
	fails(lockctl('watch', '--interval', 0), 64, qr/invalid interval '0': not a number of seconds$/m,
	      'watch_needs_time_in_between');
	fails(lockctl('watch', '--count', 'x'), 64, qr/invalid count 'x'$/m,
	      'watch_counts_with_numbers');
	fails(lockctl('allocate', '--count'), 64, qr/^lockctl: option '--count' requires an argument$/m,
	      'arguments_are_needed');
	fails(lockctl('allocate', '-c'), 64, qr/^lockctl: option requires an argument -- 'c'$/m,
	      'also_by_a_letter');
	fails(lockctl('list', '-aXn'), 64, qr/^lockctl: invalid option -- 'X'$/m,
	      'a_wrong_letter_among_others_is_named');
	fails(lockctl('list', 'x', '-X'), 64, qr/^lockctl: invalid option -- 'X'$/m,
	      'also_behind_a_word');
	fails(lockctl('list', '--json=x'), 64, qr/^lockctl: option '--json' doesn't allow an argument$/m,
	      'not_every_option_takes_an_argument');
	fails(lockctl('run', '--no'), 64, qr/^lockctl: option '--no' is ambiguous; possibilities: .*'--nonblock'/m,
	      'a_beginning_of_two_options_is_ambiguous');
	fails(lockctl('--no-such', 'list'), 64,
	      qr/^lockctl: unrecognized option '--no-such'\nTry 'lockctl --help'\.$/,
	      'lockctl_itself_has_few_options');
	# It has no rows but those of --json.
	fails(lockctl('deadlocks', '--noheadings'), 64, qr/^lockctl: unrecognized option '--noheadings'$/m,
	      'no_option_is_accepted_that_does_nothing');
}

sub test_version
{
	my ($version) = read_file('dkms.conf') =~ /^PACKAGE_VERSION="(.*)"$/m;

	same(lockctl('--version')->{out}, "lockctl $version (liblockmgr $version)\n",
	     'the_version_is_the_projects');
	same(lockctl('-V')->{out}, lockctl('--version')->{out}, 'it_has_a_short_option');
}

sub test_full_disk
{
	my $said = run_as('root', '', 'sh', '-c', "exec $lockctl --help >/dev/full");

	same($said->{status}, 74, 'what_cannot_be_written_is_an_error');
	matches($said->{err}, qr/^lockctl: cannot write: No space left on device$/, 'and_said');
}

test_commands();
test_options();
test_refused();
test_version();
test_full_disk();
done();
