#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# What lockctl says of itself, what it refuses, and what bash completes.

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
		set-capacity set-note spaces unlink watch who
	)], 'help_lists_the_commands');
	same(lockctl('-h')->{out}, $help, 'short_and_long_help_are_the_same');
	for my $command (sort keys %commands) {
		my $said = lockctl($command, '--help');

		same("$said->{status}$said->{err}", '0', "${command}_has_help");
		lacks($said->{out}, qr/[ \t]$/m, "${command}_has_no_trailing_blanks");
		matches($said->{out}, qr/^Usage: lockctl \Q$command\E \[OPTION\.\.\.\].*\n\n\u\Q$commands{$command}\E\.$/m,
			"${command}_says_what_it_does");
		fails(lockctl($command, '--no-such-option'), 64,
		      qr/^lockctl: invalid option '--no-such-option'\nTry 'lockctl \Q$command\E --help'\.$/,
		      "${command}_refuses_what_is_no_option");
	}
}

# Help is printed from the table from which options are parsed.  Words that are no names
# of spaces, and too many for most, keep anything from being done.
sub test_options
{
	my @words = ('no/space') x 6;

	for my $command (sort keys %commands) {
		my @options = lockctl($command, '--help')->{out} =~ /^  (-\w), (--[a-z-]+)/gm;

		same([grep { lockctl($command, $_, @words)->{err} =~ /invalid option/ } @options], [],
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
	fails(lockctl('allocate', '--count'), 64, qr/^lockctl: option '--count' requires an argument: N$/m,
	      'arguments_are_needed');
	fails(lockctl('allocate', '-c'), 64, qr/^lockctl: option '-c' requires an argument: N$/m,
	      'also_by_a_letter');
	fails(lockctl('list', '-aXn'), 64, qr/^lockctl: invalid option '-X'$/m,
	      'a_wrong_letter_among_others_is_named');
	fails(lockctl('list', 'x', '-X'), 64, qr/^lockctl: invalid option '-X'$/m,
	      'also_behind_a_word');
	fails(lockctl('list', '--json=x'), 64, qr/^lockctl: option '--json' takes no argument$/m,
	      'not_every_option_takes_an_argument');
	# It has no rows but those of --json.
	fails(lockctl('deadlocks', '--noheadings'), 64, qr/^lockctl: invalid option '--noheadings'$/m,
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

# What bash would complete a line to.
sub completed
{
	my ($line) = @_;
	my $script = <<'EOF';
. libuser/lockctl/lockctl.bash
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
_lockctl
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
EOF
	local $ENV{PATH} = "build/lockctl:$ENV{PATH}";
	my $said = run_as('root', '', 'bash', '-c', $script, 'bash', $line);

	return $said->{err} ? "error: $said->{err}" : set(split /\n/, $said->{out});
}

sub test_completion
{
	same(completed('lockctl '), [sort keys %commands, '--help', '--version'],
	     'commands_are_completed');
	same(completed('lockctl set'), ['set-capacity', 'set-note'], 'by_their_beginning');
	same(completed('lockctl run --'), [qw(--conflict-exit-code --help --no-fork --nonblock --timeout --verbose)],
	     'options_are_completed');
	same(completed('lockctl restore libuser/lockctl/lockctl.b'), ['libuser/lockctl/lockctl.bash'],
	     'files_are_completed');
	same(completed('lockctl restore --space x libuser/lockctl/lockctl.b'),
	     ['libuser/lockctl/lockctl.bash'], 'behind_options_too');
	same(completed('lockctl run x 1 env -w lockctl'), ['lockctl'],
	     'but_another_command_has_options_of_its_own');
	same(completed('lockctl who x 1 '), [], 'and_nothing_where_nothing_is_wanted');
}

sub test_completion_of_spaces
{
	if (! -c '/dev/lockmgr') {
		skip('spaces_are_completed', 'there is no /dev/lockmgr');
		return;
	}
	my $space = new_space('complete', '--capacity', 8);

	must('create', "daemon:$space");
	forget_space("1:$space");
	must('allocate', $space, 3, 5);
	same(completed('lockctl list compl'), [$space], 'spaces_are_completed');
	# Of what stands behind a colon readline replaces that only.
	same(completed('lockctl list daemon:c'), [$space], 'those_of_others_too');
	same(completed("lockctl free $space "), [3, 5], 'ids_are_completed');
	same(completed("lockctl free $space 3 "), [3, 5], 'as_many_as_are_taken');
	same(completed("lockctl set-note $space "), [3, 5], 'or_just_one');
	same(completed("lockctl set-note $space 3 "), [], 'and_nothing_of_a_text');
	same(completed('lockctl restore --space compl'), [$space], 'an_option_may_take_a_space');
	test_completion_behind_options($space);
}

# Options, and what they take, are none of the words of which the usage speaks.
sub test_completion_behind_options
{
	my ($space) = @_;

	for my $command (sort keys %commands) {
		my $text = lockctl($command, '--help')->{out};
		my %options = $text =~ /^  (-\w), (--[a-z-]+) [A-Z]+ /gm;
		next if !%options || $text !~ /^Usage: .*\] \[?SPACE\b/;

		for my $kind ([keys %options], [values %options]) {
			my @names = sort @$kind;
			my $line = join(' ', 'lockctl', $command, (map { "$_ 5" } @names), 'compl');

			same(completed($line), [$space],
			     join('_', $command, 'has_its_space_behind', @names));
		}
	}
	same(completed("lockctl run $_ "), [], "what_${_}_takes_is_not_known") for qw(--timeout -E);
	same(completed("lockctl run --timeout 5 -E 9 $space "), [3, 5], 'and_ids_behind_that');
	same(completed("lockctl run --nonblock $space "), [3, 5],
	     'also_where_options_take_nothing');
}

test_commands();
test_options();
test_refused();
test_version();
test_full_disk();
test_completion();
test_completion_of_spaces();
done();
