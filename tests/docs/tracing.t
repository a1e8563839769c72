#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# README.md, section Tracing: its events and their fields are those that there are, and
# its commands show them.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my $events = '/sys/kernel/tracing/events/lockmgr';
# Waits, hands over, dies holding a lock, and ends in a deadlock.
my $action = 'build/tests/sysfs/stats';

my ($section) = read_file('README.md') =~ /^## Tracing\n(.*?)(?=^## )/ms;
my @rows = map { [split /\s*\|\s*/] } $section =~ /^\| (.*?) \|$/gm;

# "event field field ..." of each: what is beside the fields that all have.
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

# A command as the README has it, with something to look at.
sub output_of
{
	my ($command) = @_;

	# A space of that name is not at hand.
	$command =~ s/space == "podman"/space ~ "test-*"/;
	$command .= $command =~ /^perf/ ? " -- $action" : " $action";
	return scalar qx($command 2>&1);
}

sub test_commands
{
	for my $row (grep { ($_->[1] // '') =~ /^`perf/ } @rows) {
		for my $command (map { /^`(.*)`$/ } @$row[1, 2]) {
			my ($event) = $command =~ /lockmgr:(lockmgr_\w+)/;
			my $output = output_of($command);

			$event //= 'lockmgr_attach';
			same($output =~ /\b\Q$event\E:? .*\btest-/ ? '' : $output, '',
			     "this shows its event: $command");
		}
	}
}

if (!-d $events) {
	skip('every_event_is_described', 'there is no module to trace');
	done();
}
same(documented_events(), existing_events(), 'every_event_is_described_with_its_fields');
test_commands();
done();
