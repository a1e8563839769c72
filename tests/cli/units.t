#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# The systemd unit that keeps allocations over a restart: systemd accepts it, and its commands
# save and restore. No systemd runs in the virtual machine, so the test runs the commands itself.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}

chomp(my $top = qx(pwd));
my $dir = scratch_directory();
my $name = 'lockctl-allocations@';

sub unit_text
{
	my ($bindir) = @_;

	return read_file("libuser/lockctl/$name.service.in") =~ s/\@BINDIR\@/$bindir/gr;
}

sub test_verify
{
	if (system('command -v systemd-analyze >/dev/null')) {
		skip('systemd_understands_the_unit', 'there is no systemd-analyze');
		return;
	}
	my $unit = "$dir/$name.service";
	write_file($unit, unit_text("$top/build/lockctl"));
	my $said = run_as('root', '', 'systemd-analyze', 'verify', '--man=no', $unit);

	same("$said->{status} " . join('', grep { /\Q$name\E/ } split(/^/, $said->{err})), '0 ',
	     'systemd_understands_the_unit');
}

# The command of a line of the unit, with systemd's %i and %S filled in.
sub command_of
{
	my ($key, $space) = @_;
	my ($line) = unit_text('build/lockctl') =~ /^$key=(.*)$/m or die "no $key";

	return $line =~ s/%i/$space/gr =~ s/%S/$dir/gr;
}

sub test_restart
{
	if (! -c '/dev/lockmgr') {
		skip('allocations_come_back', 'there is no /dev/lockmgr');
		return;
	}
	my $space = new_space('units', '--capacity', 9, '--mode', '0640');
	my $full = "0:$space";

	mkdir("$dir/lockctl");
	same(run_in_shell('ExecStart', $full), '0 ', 'the_first_start_has_nothing_to_restore');
	must('allocate', '--note', 'two', $space, 2);
	must('allocate', $space, 5);
	same(run_in_shell('ExecStop', $full), '0 ', 'stop_saves');
	same(run_in_shell('ExecStart', $full), "0 $space: 0 ids allocated, 2 were allocated already\n",
	     'start_without_a_restart_of_the_system_changes_nothing');

	# As after a restart.
	must('unlink', $space);
	same(run_in_shell('ExecStart', $full), "0 $space: 2 ids allocated, 0 were allocated already; the space is new\n",
	     'start_restores');
	same(fields(rows('list', '--all', $space), qw(lock note)), ['2 two', '5 -'], 'ids_and_notes_are_back');
	same(fields([grep { $_->{space} eq $full } @{rows('spaces')}], qw(mode capacity)), ['0640 9'],
	     'mode_and_capacity_are_back');
}

sub run_in_shell
{
	my $said = run_as('root', '', 'sh', '-c', 'cd "$1" && eval "$2"', 'sh', '.', command_of(@_));

	return "$said->{status} $said->{out}$said->{err}";
}

test_verify();
test_restart();
done();
