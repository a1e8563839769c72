#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# README.md, section Tracing: its events and their fields are those that exist, and its
# commands show them.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my $events = '/sys/kernel/tracing/events/lockmgr';
# This test program waits, hands off a lock, dies holding a lock, and fails for a deadlock.
my $action = 'build/tests/sysfs/stats';

my ($section) = read_file('README.md') =~ /^## Tracing\n(.*?)(?=^## )/ms;
my @rows = map { [split /\s*\|\s*/] } $section =~ /^\| (.*?) \|$/gm;

# "EVENT FIELD FIELD ..." of each event, without the fields that all events have.
sub documented_events
{
	return [sort map {
		join(' ', $_->[0] =~ /`(\w+)`/, sort(($_->[2] // '') =~ /`(\w+)`/g));
	} grep { $_->[0] =~ /^`lockmgr_/ } @rows];
}

sub existing_events
{
	my %common = map { $_ => 1 } qw(owner space token lock);
	my @found;

	for my $path (glob("$events/lockmgr_*/format")) {
		my ($name) = $path =~ m{(\w+)/format$};
		my @fields = read_file($path) =~ /field:[^;]*?(\w+)(?:\[\d+\])?;/g;

		push @found, join(' ', $name,
				  sort grep { !/^common_/ && !$common{$_} } @fields);
	}
	return [sort @found];
}

# What a command of README shows while the test program runs.
sub output_of
{
	my ($command) = @_;

	# The test program's spaces have other names than README's.
	$command =~ s/space == "podman"/space ~ "test-*"/;
	return scalar qx($command -- $action 2>&1) if $command =~ /^perf/;

	my $dir = scratch_directory();
	$command =~ s{record}{record -o $dir/trace.dat};
	return scalar qx($command $action 2>&1; trace-cmd report -i $dir/trace.dat 2>&1);
}

# One of all commands that differ only in the event.
sub commands
{
	my %forms;

	for my $row (grep { ($_->[1] // '') =~ /^`perf/ } @rows) {
		for my $command (map { /^`(.*)`$/ } @$row[1, 2]) {
			$forms{$command =~ s/lockmgr:lockmgr_\w+//r} //= $command;
		}
	}
	return map { $forms{$_} } sort keys %forms;
}

sub test_commands
{
	for my $command (commands()) {
		my $event = $command =~ /lockmgr:(lockmgr_\w+)/ ? $1 : 'lockmgr_attach';
		my $output = output_of($command);

		same($output =~ /\b\Q$event\E[:(].*\btest-/ ? '' : $output, '',
		     "this shows its event: $command");
	}
}

if (!-d $events) {
	skip('every_event_is_described', 'there is no module to trace');
	done();
}
same(documented_events(), existing_events(), 'every_event_is_described_with_its_fields');
same(set(grep { ! -d "$events/$_" } $section =~ /lockmgr:(lockmgr_\w+)/g), [],
     'every_event_named_in_a_command_exists');
test_commands();
done();
